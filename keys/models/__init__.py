"""What administrators configure."""

from keys.models.copy_state import CopyState, all_taken, copy_state
from keys.models.key_state import KeyState
from keys.models.provisioning_key import ProvisioningKey
from keys.models.service_edge_group import ServiceEdgeGroup
from keys.models.signing_certificate import SigningCertificate
from keys.models.use_state import UseState
from keys.models.vendor_gate import VendorGate

__all__ = [
    "CopyState",
    "KeyState",
    "ProvisioningKey",
    "ServiceEdgeGroup",
    "SigningCertificate",
    "UseState",
    "VendorGate",
    "all_taken",
    "copy_state",
]
