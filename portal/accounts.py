"""Operations on users and their roles. Each writes its audit event."""

from __future__ import annotations

from collections.abc import Collection

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q

from portal import audit, lockout
from portal.actors import Actor
from portal.field_validation import clean, faults_of, is_storable
from portal.refusals import Invalid, Refused
from portal.roles import ADMINISTRATOR, STAFF_ROLES
from portal.sessions import end_sessions

_IS_ADMINISTRATOR = Q(is_active=True, groups__name=ADMINISTRATOR)
_MANAGES = Q(is_active=True, is_superuser=True) | Q(is_active=True, pk__in=User.objects.filter(_IS_ADMINISTRATOR))


# Administrators that a page names.
_NAMED = 3


class LastAdministrator(Refused):
    """The change would leave nobody who can sign in and manage users."""

    code = "last_administrator"

    def __init__(self) -> None:
        super().__init__(
            "This is the last active superuser who can sign in. Make another one first, or nobody could manage users."
        )


def require_another_administrator(user: User) -> None:
    """Raise LastAdministrator when nobody but `user` can manage users.

    Superusers manage users; without an active superuser, Administrators do. Call this in the transaction that removes
    the rights, the password or the account of `user`: the rows of all managers stay locked until the commit, so that
    two administrators cannot demote each other at the same time.
    """
    list(User.objects.filter(_MANAGES).order_by("pk").select_for_update(of=("self",)))
    # Read again: another transaction may have changed these rows while this one waited for the locks.
    superusers = User.objects.filter(is_active=True, is_superuser=True)
    managers = superusers if superusers.exists() else User.objects.filter(_IS_ADMINISTRATOR)
    others = managers.exclude(pk=user.pk)
    if user.has_usable_password():
        others = others.exclude(password__startswith=UNUSABLE_PASSWORD_PREFIX)
    if managers.filter(pk=user.pk).exists() and not others.exists():
        raise LastAdministrator


def whom_to_ask() -> str:
    """The names of administrators for a user without a role, as a sentence; "" when there is none."""
    managers = User.objects.filter(_MANAGES).order_by("username").values_list("username", flat=True)[:_NAMED]
    return f"Administrators: {', '.join(managers)}." if managers else ""


def subject(user: User) -> audit.Subject:
    """The user as the object of an audit event."""
    return audit.Subject("user", str(user.pk), user.username)


def apply_roles(
    user: User, changed: Collection[str], *, created: bool, actor: Actor, previous_roles: Collection[str] = ()
) -> None:
    """Derive staff rights from the roles of a saved user, end sessions where needed, and record the change.

    `changed` names the form fields that changed; of a password the event holds only the word "changed". A user who
    lost one of `previous_roles`, or whose account was activated or deactivated, is signed out everywhere.
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
        # Activation counts too: a session may have begun while the account was being deactivated.
        if demoted or "is_active" in changed or not set(previous_roles) <= set(roles):
            end_sessions(user)
        audit.record(action, actor, subject(user), detail=detail)


def record_new_password(user: User, *, actor: Actor) -> None:
    """Record that a user's password changed. Django ends the user's sessions: their hash no longer matches."""
    audit.record(audit.Action.USER_EDITED, actor, subject(user), detail={"password": "changed"})


def change_own_password(user: User, password: str, *, actor: Actor) -> None:
    """Store the new password a user chose; their other sessions end.

    Raises Invalid for a weak password, and for one that nobody can type on the sign-in page.
    """
    _require_strong(password, user)
    with transaction.atomic():
        user.set_password(password)
        user.save(update_fields=["password"])
        record_new_password(user, actor=actor)


def restore_administrator(username: str, password: str, *, actor: Actor) -> bool:
    """Create an active superuser with this password, or turn the existing account into one. Returns whether it is new.

    The account is signed out everywhere, and every sign-in lock ends. Raises Invalid for a bad user name or password.
    """
    new = User(username=username)
    clean(new, ["username"])
    with transaction.atomic():
        user = User.objects.select_for_update().filter(username=username).first() or new
        created = user.pk is None
        user.is_active = user.is_staff = user.is_superuser = True
        _require_strong(password, user)
        user.set_password(password)
        user.save()
        end_sessions(user)
        lockout.forget_all()
        action = audit.Action.USER_CREATED if created else audit.Action.USER_EDITED
        detail = {"is_active": True, "is_superuser": True, "password": "changed"}
        audit.record(action, actor, subject(user), detail=detail)
    return created


def _require_strong(password: str, user: User) -> None:
    if not isinstance(password, str):
        raise Invalid("password", "Enter a text.")
    if not is_storable(password):
        sentence = "The sign-in page would refuse this password: it is not text in UTF-8, or has a NUL character."
        raise Invalid("password", sentence, "characters")
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise Invalid.of(faults_of(error, "password")) from None


def delete_user(user: User, *, actor: Actor) -> None:
    """Delete an account. Its audit events stay, under its name. Raises LastAdministrator."""
    with transaction.atomic():
        require_another_administrator(user)
        audit.record(audit.Action.USER_DELETED, actor, subject(user))
        end_sessions(user)
        user.delete()
