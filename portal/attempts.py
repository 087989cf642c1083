"""What people and commands try: one transaction with an event of what it did, or an event of why it was refused."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction

from portal import audit
from portal.actors import Actor
from portal.refusals import Refused


@contextmanager
def attempt(action: str, actor: Actor, subject: audit.Subject) -> Iterator[None]:
    """The transaction of an operation that does `action`. A refusal undoes it and is an event of the same action.

    A mistake in a form is none (`Refused.is_event`). Of the same refusal of the same person and thing a minute has
    `audit.FIRST` rows and a count.
    """
    try:
        with transaction.atomic():
            yield
    except Refused as refused:
        if refused.is_event:
            refused.attempted = refused.attempted or (action, actor, subject)
            record_refusal(refused)
        raise


def record_refusal(refused: Refused) -> None:
    """Write the event of a refusal once more: the transaction around the operation was undone, and with it the event.

    Whoever undoes it for a refusal calls this afterwards.
    """
    if refused.attempted:
        action, actor, subject = refused.attempted
        audit.record(action, actor, subject, reason=refused.code)
