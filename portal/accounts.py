"""Operations on users and their roles. Each writes its audit event."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils.crypto import constant_time_compare

from portal import audit, ended_sessions, lockout
from portal.actors import Actor
from portal.attempts import attempt
from portal.field_validation import NOT_A_TEXT, clean, faults_of, is_storable
from portal.models import UserSession
from portal.refusals import Invalid, Refused
from portal.roles import ADMINISTRATOR, STAFF_ROLES
from portal.sessions import end_sessions, handle, of_user

_IS_ADMINISTRATOR = Q(is_active=True, groups__name=ADMINISTRATOR)
_MANAGES = Q(is_active=True, is_superuser=True) | Q(is_active=True, pk__in=User.objects.filter(_IS_ADMINISTRATOR))


_RECORDED = ("username", "first_name", "last_name", "email", "is_active", "is_staff", "is_superuser")
# Administrators that a page names, and sessions that an event names.
_NAMED, _NAMED_SESSIONS = 3, 20


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


def _record_ended(user: User, sessions: Iterable[UserSession], actor: Actor) -> None:
    """Record which sessions of a user ended, if any did."""
    named = [str(session) for session in sessions]
    if named:
        detail = {"sessions": "; ".join(named[:_NAMED_SESSIONS])}
        audit.record(audit.Action.USER_SESSIONS_ENDED, actor, subject(user), detail=detail)


def apply_roles(user: User, *, actor: Actor, before: Mapping[str, Any] | None = None, password: bool = False) -> None:
    """Derive staff rights from the roles of a saved user, and record the change and the sessions that it ended.

    `before` is what `described` returned before an edit; None for a new account. Of a password the event holds only
    the word "changed".
    """
    user.is_staff = user.is_superuser or not STAFF_ROLES.isdisjoint(user.groups.values_list("name", flat=True))
    after = described(user)
    detail = _changes(before, after, password=password)
    with transaction.atomic():
        user.save(update_fields=["is_staff"])
        if detail:
            action = audit.Action.USER_CREATED if before is None else audit.Action.USER_EDITED
            audit.record(action, actor, subject(user), detail=detail)
        _record_ended(user, ended_sessions.of(user), actor)


def described(user: User) -> dict[str, str]:
    """An account and its roles, as audit events hold them."""
    values = {name: getattr(user, name) for name in _RECORDED}
    shown = {name: ("off", "on")[value] if isinstance(value, bool) else value for name, value in values.items()}
    return {**shown, "roles": ", ".join(user.groups.order_by("name").values_list("name", flat=True))}


def _changes(before: Mapping[str, str] | None, after: Mapping[str, str], *, password: bool) -> dict[str, Any]:
    secret = {"password": "changed"} if password else {}
    if before is None:
        return {name: value for name, value in after.items() if value} | secret
    return {name: [before[name], value] for name, value in after.items() if before[name] != value} | secret


def record_new_password(user: User, *, actor: Actor, session: str = "") -> None:
    """Record that a user's password changed, and which sessions that ended, but for the own `session`."""
    audit.record(audit.Action.USER_EDITED, actor, subject(user), detail={"password": "changed"})
    _record_ended(user, [each for each in ended_sessions.of(user) if each.pk != session], actor)


def change_own_password(user: User, password: str, *, session: str, actor: Actor) -> None:
    """Store the new password a user chose; their sessions end. The caller gives the own `session` a new key.

    Raises Invalid for a weak password, and for one that nobody can type on the sign-in page.
    """
    _require_strong(password, user)
    with transaction.atomic():
        user.set_password(password)
        user.save(update_fields=["password"])
        record_new_password(user, actor=actor, session=session)


def end_session(user: User, name: str, *, actor: Actor) -> UserSession | None:
    """End the session of a user that pages call `name` (`portal.sessions.handle`); None when there is none."""
    found = next((each for each in of_user(user) if constant_time_compare(handle(each), name)), None)
    ended = _end_own(user, actor, only=found.pk) if found else []
    return ended[0] if ended else None


def end_other_sessions(user: User, session: str, *, actor: Actor) -> list[UserSession]:
    """End all sessions of a user but this one, which is named by its key in the table."""
    return _end_own(user, actor, but=session)


def _end_own(user: User, actor: Actor, **which: str) -> list[UserSession]:
    with transaction.atomic():
        ended = end_sessions(user, **which)
        _record_ended(user, ended, actor)
    return ended


def restore_administrator(username: str, password: str, *, actor: Actor) -> bool:
    """Create an active superuser with this password, or turn the existing account into one. Returns whether it is new.

    The account is signed out everywhere, and every sign-in lock ends. Raises Invalid for a bad user name or password.
    """
    new = User(username=username)
    clean(new, ["username"])
    with transaction.atomic():
        user = User.objects.select_for_update().filter(username=username).first() or new
        created = user.pk is None
        before = None if created else described(user)
        user.is_active = user.is_staff = user.is_superuser = True
        _require_strong(password, user)
        user.set_password(password)
        user.save()
        lockout.forget_all()
        action = audit.Action.USER_CREATED if created else audit.Action.USER_EDITED
        detail = _changes(before, described(user), password=True)
        audit.record(action, actor, subject(user), detail=detail)
        _record_ended(user, ended_sessions.of(user), actor)
    return created


def _require_strong(password: str, user: User) -> None:
    if not isinstance(password, str):
        raise Invalid("password", NOT_A_TEXT)
    if not is_storable(password):
        sentence = "The sign-in page would refuse this password: it is not text in UTF-8, or has a NUL character."
        raise Invalid("password", sentence, "characters")
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise Invalid.of(faults_of(error, "password")) from None


def delete_user(user: User, *, actor: Actor) -> None:
    """Delete an account. Its audit events stay, under its name. Raises LastAdministrator."""
    with attempt(audit.Action.USER_DELETED, actor, subject(user)):
        require_another_administrator(user)
        detail = _changes(None, described(user), password=False)
        audit.record(audit.Action.USER_DELETED, actor, subject(user), detail=detail)
        end_sessions(user)
        user.delete()
