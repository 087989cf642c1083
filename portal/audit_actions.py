"""The actions of the audit log, and the fields that the detail of each may hold."""

from __future__ import annotations

from collections.abc import Mapping
from enum import property as enum_property

from django.db import models


class Action(models.TextChoices):
    """The words of the audit log, `noun.past`."""

    KEY_CREATED = "key.created"
    KEY_EDITED = "key.edited"
    KEY_LIMIT_RAISED = "key.limit_raised"
    KEY_DELETED = "key.deleted"
    KEY_SHOWN = "key.shown"
    KEY_COPIED = "key.copied"
    KEY_DOWNLOADED = "key.downloaded"
    KEY_EDGES_REVOKED = "key.edges_revoked"
    GROUP_CREATED = "group.created"
    GROUP_EDITED = "group.edited"
    GROUP_DELETED = "group.deleted"
    CERTIFICATE_CREATED = "certificate.created"
    CERTIFICATE_EDITED = "certificate.edited"
    CERTIFICATE_DELETED = "certificate.deleted"
    EDGE_ENROLLED = "edge.enrolled"
    EDGE_REPLAYED = "edge.replayed"
    EDGE_RENEWED = "edge.renewed"
    EDGE_REFUSED = "edge.refused"
    EDGE_FAILED = "edge.failed"
    EDGE_EDITED = "edge.edited"
    EDGE_REVOKED = "edge.revoked"
    EDGE_DELETED = "edge.deleted"
    LIST_EXPORTED = "list.exported"
    VIEW_CREATED = "view.created"
    VIEW_EDITED = "view.edited"
    VIEW_DELETED = "view.deleted"
    USER_CREATED = "user.created"
    USER_EDITED = "user.edited"
    USER_DELETED = "user.deleted"
    USER_SIGNED_IN = "user.signed_in"
    USER_SIGNED_OUT = "user.signed_out"
    USER_REFUSED = "user.refused"
    USER_SESSIONS_ENDED = "user.sessions_ended"

    @enum_property
    def label(self) -> str:
        """The noun and what was done with it, as a sentence begins: "User signed in"."""
        return self.value.replace(".", " ").replace("_", " ").capitalize()


# The three ways to get the text of a key, and the name of all of them as a filter.
REVEALED = "key.revealed"
REVEALS = (Action.KEY_SHOWN, Action.KEY_COPIED, Action.KEY_DOWNLOADED)
# The detail of these holds `[before, after]` of each field that changed, or "changed" for a secret.
EDITS = frozenset(
    {
        Action.KEY_EDITED,
        Action.KEY_LIMIT_RAISED,
        Action.GROUP_EDITED,
        Action.CERTIFICATE_EDITED,
        Action.EDGE_EDITED,
        Action.VIEW_EDITED,
        Action.USER_EDITED,
    }
)

_KEY = {"name", "max_uses", "group", "signing_certificate", "viewable", "enabled", "expires_at", "allowed_networks"}
_GROUP = {
    "name", "description", "enabled", "is_public", "trusted_networks", "use_in_dr_mode", "private_cloud",
    "exclusive_for_business_continuity", "alternative_cloud", "override_version_profile", "version_profile",
    "upgrade_day", "upgrade_seconds", "location", "latitude", "longitude", "city", "country_code",
    "grace_distance_enabled", "grace_distance", "grace_distance_unit",
}  # fmt: skip
_CERTIFICATE = {"name", "description", "enabled", "client_type", "serial", "not_after", "source", "parent"}
_EDGE = {
    "edge_id",
    "key_public_id",
    "key_name",
    "group",
    "serial",
    "issuer",
    "use",
    "renewed",
    "spki_sha256",
    "fault",
    "ignored_extensions",
}
_REVOCATION = {"certificates", "serials", "revocation_reason"}
# The number of events that one row stands for; see `record`.
_COUNTED = {"count"}
_USER = {
    "username", "first_name", "last_name", "email", "is_active", "is_staff", "is_superuser", "roles", "password",
    "method", "page", "sessions",
}  # fmt: skip

DETAIL_FIELDS: Mapping[str, frozenset[str]] = {
    "key": frozenset(_KEY | _REVOCATION | _COUNTED | {"edges"}),
    "group": frozenset(_GROUP),
    "certificate": frozenset(_CERTIFICATE),
    "edge": frozenset(_EDGE | _REVOCATION | _COUNTED | {"name", "description", "enabled"}),
    "list": frozenset({"rows", "filters"}),
    "view": frozenset({"name", "list", "shared"}),
    "user": frozenset(_USER | _COUNTED),
}
