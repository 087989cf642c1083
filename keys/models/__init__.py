"""What administrators configure."""

from keys.models.provisioning_key import CopyState, ProvisioningKey, UseState, all_taken, copy_state
from keys.models.service_edge_group import ServiceEdgeGroup
from keys.models.signing_certificate import SigningCertificate
from keys.models.vendor_gate import VendorGate

__all__ = [
    "CopyState",
    "ProvisioningKey",
    "ServiceEdgeGroup",
    "SigningCertificate",
    "UseState",
    "VendorGate",
    "all_taken",
    "copy_state",
]
