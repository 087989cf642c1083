"""The draft of a wizard: what a user has answered so far, kept on the server for a day after the last change.

A user has one draft. `run` names it in the pages of the wizard, and what a run creates is created once
(`portal.sent_forms`).
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils import timezone

from portal.models import Draft

KEPT_FOR = timedelta(hours=24)
MOST_CHARACTERS = 32 * 1024

Answers = Mapping[str, Sequence[str]]


class TooLong(ValueError):
    """The answers are longer than a draft may be."""


def of(user_id: Any) -> Draft | None:
    """The draft of a user, unless it is too old."""
    return Draft.objects.filter(user=user_id, at__gt=timezone.now() - KEPT_FOR).first()


def keep(user_id: Any, step: str, answers: Answers, *, done: bool) -> Draft:
    """Keep the answers of one step, and whether they were accepted. Raises TooLong.

    The first answers begin a run. Answers of other steps stay, also those that another tab sends at the same moment.
    """
    now = timezone.now()
    # PostgreSQL stores no NUL. A form accepts none either, but a draft also keeps what no form has judged.
    sent = {
        name: [value.replace("\0", "\N{REPLACEMENT CHARACTER}") for value in values] for name, values in answers.items()
    }
    with transaction.atomic():
        expired().filter(user=user_id).delete()
        begun = {"run": secrets.token_urlsafe(16), "at": now}
        Draft.objects.get_or_create(user_id=user_id, defaults=begun)
        draft = Draft.objects.select_for_update().get(user=user_id)
        is_same = draft.answers.get(step) == sent
        draft.answers[step] = sent
        if len(json.dumps(draft.answers)) > MOST_CHARACTERS:
            raise TooLong
        others = [each for each in draft.done if each != step]
        draft.done = [*others, step] if done or (is_same and step in draft.done) else others
        draft.at = now
        draft.save()
    return draft


def discard(user_id: Any) -> None:
    """Forget what a user has answered."""
    Draft.objects.filter(user=user_id).delete()


def typed(draft: Draft | None, step: str) -> QueryDict | None:
    """What was sent for a step, as a form reads it; None before its first answer."""
    if draft is None or step not in draft.answers:
        return None
    found = QueryDict(mutable=True)
    for name, values in draft.answers[step].items():
        found.setlist(name, values)
    return found


def expired() -> QuerySet[Draft]:
    """Drafts that are no longer shown."""
    return Draft.objects.filter(at__lte=timezone.now() - KEPT_FOR)
