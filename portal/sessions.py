"""Database sessions whose table holds SHA-256 of the cookie, so that a stolen table opens no session.

Django's stock table holds the cookie value itself.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore as DatabaseSessionStore
from django.contrib.sessions.base_session import AbstractBaseSession
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from portal.models import UserSession

# One host may have begun a session that another reads.
_CLOCKS_MAY_DIFFER = timedelta(minutes=10)


def stored_key(cookie: str) -> str:
    """What the session table holds for a cookie: 40 hexadecimal digits of its SHA-256, the column's width."""
    return hashlib.sha256(cookie.encode()).hexdigest()[:40]


def _latest(now: datetime) -> datetime:
    """When the latest session ends. One that ends later was begun while the clock was ahead."""
    return now + timedelta(seconds=settings.SESSION_COOKIE_AGE) + _CLOCKS_MAY_DIFFER


class SessionStore(DatabaseSessionStore):
    """Looks sessions up by the hash of their key; the key itself lives only in the cookie."""

    def _get_session_from_db(self) -> AbstractBaseSession | None:
        now = timezone.now()
        try:
            return self.model.objects.get(
                session_key=stored_key(str(self.session_key)), expire_date__gt=now, expire_date__lte=_latest(now)
            )
        except self.model.DoesNotExist:
            self._session_key = None
            return None

    def save(self, must_create: bool = False) -> None:
        with transaction.atomic():
            super().save(must_create)
            user = self.get(SESSION_KEY)
            if user:
                row = UserSession(session_id=stored_key(str(self.session_key)), user_id=int(user))
                UserSession.objects.bulk_create([row], ignore_conflicts=True)

    def exists(self, session_key: str) -> bool:
        return super().exists(stored_key(session_key))

    def create_model_instance(self, data: dict[str, Any]) -> AbstractBaseSession:
        session = super().create_model_instance(data)
        session.session_key = stored_key(self._get_or_create_session_key())  # type: ignore[attr-defined]  # missing in the stubs
        return session

    def delete(self, session_key: str | None = None) -> None:
        key = session_key or self.session_key
        if key is not None:
            super().delete(stored_key(key))


def end_sessions(user: User) -> None:
    """Sign a user out everywhere."""
    Session.objects.filter(of_user__user=user).delete()


def ended() -> QuerySet[Session]:
    """Rows of sessions that are over, those from a clock that was ahead included."""
    now = timezone.now()
    return Session.objects.exclude(expire_date__gt=now, expire_date__lte=_latest(now))
