"""Django's database sessions, but the table holds SHA-256 of the cookie: a stolen table opens no session."""

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

# The host that began a session may have a different clock from the host that reads it.
_CLOCKS_MAY_DIFFER = timedelta(minutes=10)


def stored_key(cookie: str) -> str:
    """The key in the session table: the first 40 hexadecimal digits of the cookie's SHA-256, the column's width."""
    return hashlib.sha256(cookie.encode()).hexdigest()[:40]


def _latest(now: datetime) -> datetime:
    """The latest possible end of a session. A later end comes from a clock that was ahead."""
    return now + timedelta(seconds=settings.SESSION_COOKIE_AGE) + _CLOCKS_MAY_DIFFER


class SessionStore(DatabaseSessionStore):
    """Looks up sessions by the hash of their key. Only the cookie holds the key itself."""

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


def expired_sessions() -> QuerySet[Session]:
    """Rows without effect, including those of a clock that was ahead."""
    now = timezone.now()
    return Session.objects.exclude(expire_date__gt=now, expire_date__lte=_latest(now))
