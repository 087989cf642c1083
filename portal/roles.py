"""Roles and their permissions. Each role is a Django group; every migrate sets its permissions from ROLES."""

from __future__ import annotations

from typing import Any

from django.apps import apps

_VIEW = frozenset(
    {
        "keys.view_provisioningkey",
        "keys.view_serviceedgegroup",
        "keys.view_signingcertificate",
        "enrollment.view_serviceedge",
        "enrollment.view_issuedcertificate",
    }
)
_OPERATE = frozenset(
    {
        "keys.add_provisioningkey",
        "keys.change_provisioningkey",
        "keys.delete_provisioningkey",
        "keys.reveal_provisioningkey",
        "keys.add_serviceedgegroup",
        "keys.change_serviceedgegroup",
        "keys.delete_serviceedgegroup",
        "enrollment.change_serviceedge",
        "enrollment.delete_serviceedge",
        "enrollment.revoke_issuedcertificate",
    }
)
_ADMINISTER = frozenset(
    {
        "keys.add_signingcertificate",
        "keys.change_signingcertificate",
        "keys.delete_signingcertificate",
        "auth.view_user",
        "auth.add_user",
        "auth.change_user",
        "auth.delete_user",
        "portal.share_savedview",
    }
)
_AUDIT = frozenset({"portal.view_auditevent"})

ADMINISTRATOR = "Administrator"
ROLES: dict[str, frozenset[str]] = {
    ADMINISTRATOR: _VIEW | _OPERATE | _ADMINISTER | _AUDIT,
    "Operator": _VIEW | _OPERATE,
    "Viewer": _VIEW,
    "Auditor": _VIEW | _AUDIT,
    "Support": _VIEW | _AUDIT,
}
# For those who give a role: what its holder may do.
MEANINGS: dict[str, str] = {
    ADMINISTRATOR: "everything: keys, groups, edges, certificates, users, the audit log and the support pages",
    "Operator": "keys with their texts, groups and edges: add, change, delete and revoke",
    "Viewer": "see every list and page, but no key text",
    "Auditor": "see what a viewer sees, and the audit log",
    "Support": "see what an auditor sees, also in the support pages",
}
# Roles that may open /admin/. Support sees every record there and changes none.
STAFF_ROLES = frozenset({ADMINISTRATOR, "Support"})


def described(user: Any) -> str:
    """The roles of a user in words, from the permissions that the request has read: no query is needed for a label."""
    if user.is_superuser:
        return "Superuser"
    held = user.get_all_permissions()
    # Auditor and Support have the same permissions; only Support opens /admin/.
    full = {role: names for role, names in ROLES.items() if names <= held and (role in STAFF_ROLES) <= user.is_staff}
    if "Support" in full:
        del full["Auditor"]
    largest = [role for role, names in full.items() if not any(names < others for others in full.values())]
    return ", ".join(largest) or "No role"


def synchronize(**_: Any) -> None:
    """Give each group exactly the permissions of ROLES; the post_migrate handler."""
    group_model = apps.get_model("auth", "Group")
    permission_model = apps.get_model("auth", "Permission")
    known = {
        f"{label}.{codename}": pk
        for pk, label, codename in permission_model.objects.values_list("pk", "content_type__app_label", "codename")
    }
    for role, names in ROLES.items():
        group, _created = group_model.objects.get_or_create(name=role)
        # A missing permission belongs to an app that is migrated later; this handler runs again after it.
        group.permissions.set([known[name] for name in names if name in known])
