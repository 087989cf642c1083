"""Every change to what administrators configure. Nothing else in the project writes these tables."""

from keys.operations.ca_generating import generate_certificate
from keys.operations.ca_requesting import complete_certificate, request_certificate
from keys.operations.ca_uploading import upload_chain
from keys.operations.key_moving import move_keys
from keys.operations.provisioning_keys import (
    create_key,
    delete_key,
    download_key,
    edit_key,
    raise_limit,
    reveal_key,
)
from keys.operations.service_edge_groups import create_group, delete_group, edit_group
from keys.operations.signing_certificates import create_certificate, delete_certificate, edit_certificate
from keys.operations.vendor_manifest import apply_manifest

__all__ = [
    "apply_manifest",
    "complete_certificate",
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
    "generate_certificate",
    "move_keys",
    "raise_limit",
    "request_certificate",
    "reveal_key",
    "upload_chain",
]
