"""Django's database sessions, with a hashed cookie, an end after idle time, and the user of each.

The table holds SHA-256 of the cookie: a stolen table opens no session. A session ends SESSION_COOKIE_AGE after sign-in,
and SESSION_IDLE_MINUTES after its last request. Requests of scripts that only ask (`polls`) are no use of a session.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, NamedTuple, TypeVar, cast

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore as DatabaseSessionStore
from django.contrib.sessions.base_session import AbstractBaseSession
from django.contrib.sessions.models import Session
from django.db import DatabaseError, transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import salted_hmac

from portal import browsers
from portal.client_ip import client_ip
from portal.models import UserSession

V = TypeVar("V", bound=Callable[..., Any])
# "Last seen" is written at most this often.
SEEN_EVERY = timedelta(minutes=1)
# The host that began a session may have a different clock from the host that reads it.
_CLOCKS_MAY_DIFFER = timedelta(minutes=10)
# Where and when a session began, in its data, because Django gives a session a new key when its password changes.
_BEGAN = "began"


def stored_key(cookie: str) -> str:
    """The key in the session table: the first 40 hexadecimal digits of the cookie's SHA-256, the column's width."""
    return hashlib.sha256(cookie.encode()).hexdigest()[:40]


def idle_limit() -> timedelta:
    """How long a session lasts without a request."""
    return timedelta(minutes=settings.SESSION_IDLE_MINUTES)


def polls(view: V) -> V:
    """A view decorator: a script asks this address by itself, which does not count as use of the session."""
    view.polls = True  # type: ignore[attr-defined]  # functions are open by design
    return view


def _latest(now: datetime) -> datetime:
    """The latest possible end of a session. A later end comes from a clock that was ahead."""
    return now + timedelta(seconds=settings.SESSION_COOKIE_AGE) + _CLOCKS_MAY_DIFFER


def _alive(now: datetime) -> dict[str, datetime]:
    """The conditions on a session that did not end."""
    return {"expire_date__gt": now, "expire_date__lte": _latest(now)}


def _in_use(now: datetime) -> tuple[datetime, datetime]:
    """Between these a session was last seen that is not idle. Later is a clock that was ahead."""
    return now - idle_limit(), now + _CLOCKS_MAY_DIFFER


class Left(NamedTuple):
    """The seconds until a session ends. It is the `last` end when use of the session does not move it."""

    seconds: int
    last: bool


class SessionStore(DatabaseSessionStore):
    """Looks up sessions by the hash of their key. Only the cookie holds the key itself."""

    # The row of a session that was read and has a user.
    of_user: UserSession | None = None

    def _get_session_from_db(self) -> AbstractBaseSession | None:
        now = timezone.now()
        # By its key alone, because every page asks: building more conditions takes longer than checking them here.
        with suppress(Session.DoesNotExist):
            # With its row of this module in the same query.
            session = Session.objects.select_related("of_user").get(pk=stored_key(str(self.session_key)))
            self.of_user = getattr(session, "of_user", None)
            earliest, latest = _in_use(now)
            in_use = self.of_user is None or earliest < self.of_user.seen_at <= latest
            if in_use and now < session.expire_date <= _latest(now):
                return session
        self._session_key = None
        return None

    def save(self, must_create: bool = False) -> None:
        with transaction.atomic():
            super().save(must_create)
            user = self.get(SESSION_KEY)
            if user:
                now, began = timezone.now(), self.get(_BEGAN, {})
                row = UserSession(
                    session_id=stored_key(str(self.session_key)),
                    user_id=int(user),
                    browser=began.get("browser", ""),
                    address=began.get("address"),
                    signed_in_at=datetime.fromisoformat(began["at"]) if began else now,
                    seen_at=now,
                )
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

    def seen(self) -> None:
        """Note that its user sent a request, so that its idle time begins anew; at most once a minute."""
        now = timezone.now()
        if self.of_user is None or self.of_user.seen_at > now - SEEN_EVERY:
            return
        row = UserSession.objects.filter(pk=self.of_user.pk, seen_at__lte=now - SEEN_EVERY)
        try:
            row.update(seen_at=now)
        except DatabaseError:
            # A page that only reads is shown while the database takes no writes.
            return
        self.of_user.seen_at = now

    def left(self) -> Left:
        """When it ends."""
        now = timezone.now()
        if self.of_user is None:
            return Left(int(idle_limit().total_seconds()), last=False)
        idle, whole = self.of_user.seen_at + idle_limit() - now, self.of_user.session.expire_date - now
        return Left(round(min(idle, whole).total_seconds()), last=whole <= idle)


def of(request: HttpRequest) -> SessionStore:
    """The session of a request."""
    return cast(SessionStore, request.session)


def begin(request: HttpRequest) -> None:
    """Note where and when a user signed in. The session ends SESSION_COOKIE_AGE later, whatever changes in it."""
    now = timezone.now()
    browser = browsers.described(request.META.get("HTTP_USER_AGENT", ""))
    request.session[_BEGAN] = {"at": now.isoformat(), "address": client_ip(request), "browser": browser}
    request.session.set_expiry(now + timedelta(seconds=settings.SESSION_COOKIE_AGE))


def key_of(request: HttpRequest) -> str:
    """The key, in the table, of the session of a request."""
    return stored_key(str(request.session.session_key))


def handle(row: UserSession) -> str:
    """The name of a session in pages. It opens nothing, and nobody can find the key of a session from it."""
    return salted_hmac("portal.sessions", row.pk, algorithm="sha256").hexdigest()[:32]


def of_user(user: User) -> QuerySet[UserSession]:
    """The sessions in which a user is signed in now, last used first."""
    now = timezone.now()
    alive = {f"session__{condition}": moment for condition, moment in _alive(now).items()}
    earliest, latest = _in_use(now)
    found = UserSession.objects.filter(user=user, seen_at__gt=earliest, seen_at__lte=latest, **alive)
    return found.order_by("-seen_at", "pk")


def end_sessions(user: User, *, but: str = "", only: str = "") -> list[UserSession]:
    """End the sessions of a user: all, all `but` the one with this key in the table, or `only` that one.

    Returns the ended ones, last used first.
    """
    with transaction.atomic():
        rows = of_user(user).exclude(pk=but) if but else of_user(user).filter(pk=only) if only else of_user(user)
        ended = list(rows)
        stored = Session.objects.filter(of_user__user=user)
        # Those that nobody uses any more go as well.
        (stored.exclude(pk=but) if but else stored.filter(pk=only) if only else stored).delete()
    return ended


def expired_sessions() -> QuerySet[Session]:
    """Rows without effect, including those of a clock that was ahead."""
    return Session.objects.exclude(**_alive(timezone.now()))
