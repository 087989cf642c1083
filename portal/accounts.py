"""What changes users and their roles, with its audit events."""

from __future__ import annotations

from collections.abc import Collection

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.db import transaction
from django.db.models import Q

from portal import audit, lockout
from portal.actors import Actor
from portal.roles import ADMINISTRATOR, STAFF_ROLES
from portal.sessions import end_sessions

_IS_ADMINISTRATOR = Q(is_active=True, groups__name=ADMINISTRATOR)
_MANAGES = Q(is_active=True, is_superuser=True) | Q(is_active=True, pk__in=User.objects.filter(_IS_ADMINISTRATOR))


class LastAdministrator(Exception):
    """The change would leave nobody who can sign in and manage users."""

    def __init__(self) -> None:
        super().__init__(
            "This is the last active superuser who can sign in. Make another one first, or nobody could manage users."
        )


def require_another_administrator(user: User) -> None:
    """Called in the transaction of a change that takes the rights, the password or the account of `user`.

    Raises LastAdministrator when nobody else could manage users: no other active superuser, or, where there is none at
    all, no other active Administrator. The rows stay locked until the commit: of two who demote each other one is
    refused.
    """
    list(User.objects.filter(_MANAGES).order_by("pk").select_for_update(of=("self",)))
    # Read again: who waited for the locks knows only now what the other one did.
    superusers = User.objects.filter(is_active=True, is_superuser=True)
    managers = superusers if superusers.exists() else User.objects.filter(_IS_ADMINISTRATOR)
    others = managers.exclude(pk=user.pk)
    if user.has_usable_password():
        others = others.exclude(password__startswith=UNUSABLE_PASSWORD_PREFIX)
    if managers.filter(pk=user.pk).exists() and not others.exists():
        raise LastAdministrator


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


def restore_administrator(username: str, password: str, *, actor: Actor) -> bool:
    """Make a superuser, or make one of an account: active, with this password, signed out everywhere, no lock left.

    Returns whether the account is new. Raises ValidationError for a bad user name or password.
    """
    with transaction.atomic():
        user = User.objects.select_for_update().filter(username=username).first() or User(username=username)
        created = user.pk is None
        user.is_active = user.is_staff = user.is_superuser = True
        user.clean_fields(exclude=["password"])
        validate_password(password, user)
        user.set_password(password)
        user.save()
        end_sessions(user)
        lockout.forget_all()
        action = audit.Action.USER_CREATED if created else audit.Action.USER_EDITED
        detail = {"is_active": True, "is_superuser": True, "password": "changed"}
        audit.record(action, actor, subject(user), detail=detail)
    return created


def delete_user(user: User, *, actor: Actor) -> None:
    """Delete an account; what it did stays in the audit log under its name. Raises LastAdministrator."""
    with transaction.atomic():
        require_another_administrator(user)
        audit.record(audit.Action.USER_DELETED, actor, subject(user))
        end_sessions(user)
        user.delete()
