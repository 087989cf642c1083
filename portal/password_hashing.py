"""Password hashing with bounded memory: a hash takes 46 MiB, so each process computes one at a time.

The parameters are the first that the OWASP Password Storage Cheat Sheet lists for Argon2id: 46 MiB, one pass, one
lane. The sheet's other sets cost an attacker the same. glibc returns a block of this size to the system when it is
freed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from django.contrib.auth.hashers import Argon2PasswordHasher
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from portal.error_pages import render_error

AT_ONCE = 1
# Much longer than all threads of a worker take one after another, and shorter than gunicorn's timeout.
WAIT_SECONDS = 10.0
RETRY_AFTER_SECONDS = 5
_slots = threading.BoundedSemaphore(AT_ONCE)


class TooManyPasswords(Exception):
    """No turn within WAIT_SECONDS; the password was not checked."""


class BoundedArgon2PasswordHasher(Argon2PasswordHasher):
    """Argon2id, one hash at a time. Django upgrades hashes with other parameters at the user's next sign-in."""

    memory_cost = 47_104  # KiB
    time_cost = 1
    parallelism = 1

    def encode(self, password: str, salt: str) -> str:
        return _in_turn(super().encode, password, salt)

    def verify(self, password: str, encoded: str) -> bool:
        return _in_turn(super().verify, password, encoded)


def _in_turn(work: Callable[..., Any], *arguments: str) -> Any:
    if not _slots.acquire(timeout=WAIT_SECONDS):
        raise TooManyPasswords
    try:
        return work(*arguments)
    finally:
        _slots.release()


class TooManyPasswordsMiddleware:
    """Answers 503 with Retry-After when a view raises TooManyPasswords."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, TooManyPasswords):
            return None
        response = render_error(
            request,
            503,
            "Too many people are signing in at this moment. Nothing was changed. Try again in a few seconds.",
            ("Sign in", reverse("login")),
            title="The portal is busy",
        )
        response["Retry-After"] = str(RETRY_AFTER_SECONDS)
        return response
