"""A form that creates something is accepted once: sent again, by a double click or a reload, it creates nothing.

The row is written first in the transaction of the operation, so that of two requests at once the second waits until the
first has committed.
"""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from typing import Any

from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from portal.kept_forms import PAGE_FIELD
from portal.models import SentForm
from portal.refusals import Refused

KEPT_FOR = timedelta(days=30)
# These differ although a person sends the same form again.
_OF_THE_PAGE = {"csrfmiddlewaretoken", "back", PAGE_FIELD}


class SentBefore(Refused):
    """The form was accepted before; `sent` names what it made."""

    code = "sent_before"
    title = "Sent before"
    # What the form asks for is done, and has its event.
    is_event = False

    def __init__(self, sent: SentForm) -> None:
        super().__init__(f"“{sent.made_name}” was made when this form was first sent.")
        self.sent = sent


def digest_of(request: HttpRequest) -> str:
    """SHA-256 (hex) of the user and of the fields that were sent, among them the form's random token."""
    fields = sorted((name, values) for name, values in request.POST.lists() if name not in _OF_THE_PAGE)
    return _digest([request.user.pk, fields])


def digest_of_run(user_id: Any, run: str) -> str:
    """SHA-256 (hex) of the user and of the run of a wizard, whose last step creates something once."""
    return _digest([user_id, "run", run])


def _digest(content: list[Any]) -> str:
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def find(digest: str) -> SentForm | None:
    """The accepted form with this digest."""
    return SentForm.objects.filter(digest=digest).first()


def accept(digest: str) -> SentForm | None:
    """Note that a form is accepted, inside the transaction that does what it asks. Raises SentBefore.

    Without a digest, as from a command, nothing is noted.
    """
    if not digest:
        return None
    sent, is_new = SentForm.objects.get_or_create(digest=digest, defaults={"at": timezone.now()})
    if not is_new:
        raise SentBefore(sent)
    return sent


def made(sent: SentForm | None, record: Model) -> None:
    """Note what an accepted form made, in the same transaction."""
    if sent is not None:
        SentForm.objects.filter(pk=sent.pk).update(made_id=str(record.pk), made_name=str(record))


def forget(sent: SentForm) -> None:
    """Let the same form be accepted again."""
    SentForm.objects.filter(pk=sent.pk).delete()


def expired() -> QuerySet[SentForm]:
    """Forms that nobody sends again."""
    return SentForm.objects.filter(at__lte=timezone.now() - KEPT_FOR)
