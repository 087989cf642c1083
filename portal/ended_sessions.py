"""Which changes to an account end its sessions: whatever makes the change, in the same transaction.

These are a new password, deactivation and activation (a session may have begun while the account was being
deactivated), and the loss of a role or of superuser rights. Only SQL that Django does not write goes unnoticed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from django.contrib.auth.models import Group, User
from django.db.models.signals import m2m_changed, pre_delete, pre_save
from django.dispatch import receiver

from portal.models import UserSession
from portal.sessions import end_sessions

_RIGHTS = frozenset({"is_active", "is_superuser", "password"})


def of(user: User) -> list[UserSession]:
    """The sessions that changes of this object ended, for the audit event of the change."""
    found: list[UserSession] = getattr(user, "ended_sessions", [])
    return found


def _end(users: Iterable[User]) -> None:
    for user in users:
        user.ended_sessions = [*of(user), *end_sessions(user)]  # type: ignore[attr-defined]  # read by `of`


@receiver(pre_save, sender=User)
def _account_changed(instance: User, update_fields: Collection[str] | None, **_: Any) -> None:
    if update_fields is not None and _RIGHTS.isdisjoint(update_fields):
        return
    before = User.objects.filter(pk=instance.pk).first() if instance.pk else None
    # Django keeps the text of a new password until it is stored. A hash alone is one that a sign-in renewed.
    is_new_password = getattr(instance, "_password", None) is not None
    if before is None:
        return
    demoted = before.is_superuser and not instance.is_superuser
    if is_new_password or demoted or before.is_active != instance.is_active:
        _end([instance])


@receiver(m2m_changed, sender=User.groups.through)
def _roles_changed(instance: Any, action: str, reverse: bool, pk_set: set[int] | None, **_: Any) -> None:
    if action not in {"pre_remove", "pre_clear"}:
        return
    if not reverse:
        lost = instance.groups.filter(pk__in=pk_set) if pk_set else instance.groups.all()
        _end([instance] if lost.exists() else [])
    else:
        _end(instance.user_set.filter(pk__in=pk_set) if pk_set else instance.user_set.all())


@receiver(pre_delete, sender=Group)
def _role_deleted(instance: Group, **_: Any) -> None:
    _end(instance.user_set.all())
