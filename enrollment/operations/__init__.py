"""Every change machines cause, and what staff may change on edges. Nothing else writes these tables."""

from enrollment.operations.edges import delete_edge, delete_unpublished, edit_edge, set_enabled, store_expiry
from enrollment.operations.enrolling import enroll
from enrollment.operations.heartbeats import Report, record_contact
from enrollment.operations.recording_refusals import sample_refusal
from enrollment.operations.renewing import renew
from enrollment.operations.revoking import (
    Revocation,
    publish_lists,
    revoke_certificate,
    revoke_edge,
    revoke_key,
    revoke_unpublished,
)

__all__ = [
    "Report",
    "Revocation",
    "delete_edge",
    "delete_unpublished",
    "edit_edge",
    "enroll",
    "publish_lists",
    "record_contact",
    "renew",
    "revoke_certificate",
    "revoke_edge",
    "revoke_key",
    "revoke_unpublished",
    "sample_refusal",
    "set_enabled",
    "store_expiry",
]
