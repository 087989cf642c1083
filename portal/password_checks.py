"""Around each check of a password that somebody typed: the limits of `portal.lockout`, and what is recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError

from portal import accounts, audit, lockout
from portal.actors import Actor
from portal.lockout import Attempt
from portal.password_hashing import TooManyPasswords

_ELSEWHERE = "Too many attempts. Try again in {time}, or from a network you have signed in from before."
_SENTENCES = {
    lockout.OF_NAME_AND_NETWORK.code: "Too many attempts. Try again in {time}.",
    lockout.OF_NETWORK.code: _ELSEWHERE,
    lockout.OF_NAME.code: _ELSEWHERE,
}


@contextmanager
def limited(username: str, address: str | None, refused: Callable[[str], None]) -> Iterator[Attempt]:
    """Count an attempt before the body checks its password; the body raises ValidationError for a wrong one.

    Raises ValidationError before the body when a limit is reached. `refused` is called with the reason of a refusal.
    """
    try:
        attempt = lockout.count_attempt(username, address)
    except lockout.Locked as locked:
        refused(locked.code)
        time = f"{locked.minutes} minute{'s' if locked.minutes > 1 else ''}"
        raise ValidationError(_SENTENCES[locked.code].format(time=time), code=locked.code) from None
    try:
        yield attempt
    except TooManyPasswords:
        attempt.give_back()
        raise
    except ValidationError:
        refused("wrong_credentials")
        raise


def check_own(user: User, typed: str, actor: Actor, sentence: str) -> None:
    """Raise ValidationError, with `sentence` for a wrong password, unless `typed` is the password of a signed-in user.

    Guesses have the limits of sign-in, so that a stolen session does not reveal the password.
    """

    def refused(reason: str) -> None:
        audit.record(audit.Action.USER_REFUSED, actor, accounts.subject(user), reason=reason)

    with limited(user.username, actor.client_ip, refused) as attempt:
        if not user.check_password(typed):
            raise ValidationError(sentence, code="incorrect")
        attempt.succeeded(user)
