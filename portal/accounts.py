"""What changes users and their roles, with its audit events."""

from __future__ import annotations

from collections.abc import Collection

from django.contrib.auth.models import User
from django.db import transaction

from portal import audit
from portal.actors import Actor
from portal.roles import STAFF_ROLES
from portal.sessions import end_sessions


def subject(user: User) -> audit.Subject:
    """The user as the object of an audit event."""
    return audit.Subject("user", str(user.pk), user.username)


def settle_roles(
    user: User, changed: Collection[str], *, created: bool, actor: Actor, held: Collection[str] = ()
) -> None:
    """After a user and its roles were saved: staff rights follow from the roles, and the change is recorded.

    `changed` names the form fields that changed; a new password is recorded as the word "changed" only. `held` names
    the roles of before: who lost one, or was deactivated, is signed out everywhere.
    """
    roles = sorted(user.groups.values_list("name", flat=True))
    user.is_staff = user.is_superuser or not STAFF_ROLES.isdisjoint(roles)
    detail: dict[str, object] = {"roles": roles, "is_active": user.is_active, "is_superuser": user.is_superuser}
    if any("password" in name for name in changed):
        detail |= {"password": "changed"}
    action = audit.Action.USER_CREATED if created else audit.Action.USER_EDITED
    with transaction.atomic():
        user.save(update_fields=["is_staff"])
        demoted = "is_superuser" in changed and not user.is_superuser
        # Also when the account comes back: a sign-in may have been under way while it went.
        if demoted or "is_active" in changed or not set(held) <= set(roles):
            end_sessions(user)
        audit.record(action, actor, subject(user), detail=detail)


def record_new_password(user: User, *, actor: Actor) -> None:
    """Say that somebody gave this user another password; the user's open sessions ended with it."""
    audit.record(audit.Action.USER_EDITED, actor, subject(user), detail={"password": "changed"})


def change_own_password(user: User, password: str, *, actor: Actor) -> None:
    """Give somebody the password he chose for himself; his other sessions end with it."""
    with transaction.atomic():
        user.set_password(password)
        user.save(update_fields=["password"])
        record_new_password(user, actor=actor)


def delete_user(user: User, *, actor: Actor) -> None:
    """Delete an account; what it did stays in the audit log under its name."""
    with transaction.atomic():
        audit.record(audit.Action.USER_DELETED, actor, subject(user))
        end_sessions(user)
        user.delete()
