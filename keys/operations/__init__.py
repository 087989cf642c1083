"""Every change to what administrators configure. Nothing else in the project writes these tables."""

from keys.operations.provisioning_keys import create_key, delete_key, download_key, edit_key, file_name, reveal_key
from keys.operations.service_edge_groups import create_group, delete_group, edit_group
from keys.operations.signing_certificates import create_certificate, delete_certificate, edit_certificate
from keys.operations.vendor_manifest import apply_manifest

__all__ = [
    "apply_manifest",
    "create_certificate",
    "create_group",
    "create_key",
    "delete_certificate",
    "delete_group",
    "delete_key",
    "download_key",
    "edit_certificate",
    "edit_group",
    "edit_key",
    "file_name",
    "reveal_key",
]
