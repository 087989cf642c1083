"""The page of a user's own sessions, and the address that a page asks how long its session lasts."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from portal import accounts, actors, sessions, success_messages
from portal.models import UserSession
from portal.times import ago, stamp

SHOWN = 50
OTHERS = "others"


@require_http_methods(["GET", "HEAD", "POST"])
def own_sessions(request: HttpRequest) -> HttpResponse:
    """Where the user is signed in. A POST ends one session, named by `end`, or all others."""
    user, own = _user(request), sessions.key_of(request)
    if request.method == "POST":
        _end(request, user, own)
        return redirect("own-sessions")
    found = sessions.of_user(user)
    others = [_row(each) for each in found.exclude(pk=own)[:SHOWN]]
    context = {
        "own": [_row(each) for each in found.filter(pk=own)],
        "others": others,
        "more": found.count() - 1 - SHOWN if len(others) == SHOWN else 0,
        "idle_minutes": int(sessions.idle_limit().total_seconds()) // 60,
    }
    return render(request, "registration/own_sessions.html", context)


@sessions.polls
@require_http_methods(["GET", "HEAD", "POST"])
def session_left(request: HttpRequest) -> HttpResponse:
    """The seconds until the session ends, as JSON. A GET is no use of the session; a POST is, which makes it last."""
    session = sessions.of(request)
    if request.method == "POST":
        session.seen()
    return JsonResponse(session.left()._asdict())


def _user(request: HttpRequest) -> User:
    user = request.user
    if not isinstance(user, User):
        raise TypeError("The middleware requires sign-in.")
    return user


def _end(request: HttpRequest, user: User, own: str) -> None:
    which, actor = request.POST.get("end", ""), actors.from_request(request)
    if which == OTHERS:
        count = len(accounts.end_other_sessions(user, own, actor=actor))
        success_messages.add(request, "Signed out {} other session{}", count, "" if count == 1 else "s")
    elif ended := accounts.end_session(user, which, actor=actor):
        success_messages.add(request, "Signed out {}", success_messages.quoted(str(ended)))
    else:
        messages.warning(request, "That session had already ended.")


def _row(session: UserSession) -> dict[str, Any]:
    return {
        "handle": sessions.handle(session),
        "browser": session.browser or "Unknown browser",
        "address": session.address,
        "signed_in": stamp(session.signed_in_at),
        "seen": ago(session.seen_at, timezone.now()),
    }
