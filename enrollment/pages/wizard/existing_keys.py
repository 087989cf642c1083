"""The keys that the first step offers, and those that it lists with the reason why they cannot be used."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.http import HttpRequest
from django.utils import timezone

from keys import key_search
from keys.errors import Invalid
from keys.models import KeyState, ProvisioningKey
from keys.pages import key_rows
from keys.pages.key_rows import NOT_VIEWABLE, KeyRow, May
from portal import first_names
from portal.tones import Tone

SHOWN = 20
_WITHOUT_TEXT = {NOT_VIEWABLE: "Its text was shown once, when it was created, and is not stored."}
_ADMITS = {KeyState.READY, KeyState.NEARLY_USED_UP}


class Offered(NamedTuple):
    """A key of the list. `reason` is empty for one that can be used; `sentence` names what to do about it."""

    id: int
    name: str
    group: str
    uses: int
    max_uses: int
    word: str
    tone: Tone
    reason: str
    sentence: str


def found(request: HttpRequest) -> dict[str, Any]:
    """The newest keys, or with `?q=` the first ones by name that the search finds; those that can be used first."""
    wanted = request.GET.get("q", "").replace("\0", "\N{REPLACEMENT CHARACTER}").strip()
    ids, is_by_id = key_search.first(wanted) if wanted else ([], False)
    keys = ProvisioningKey.objects.filter(pk__in=ids).order_by("sort_name")
    if not wanted:
        keys = ProvisioningKey.objects.order_by("-pk")
    rows = key_rows.read(keys[:SHOWN])
    may, now = May.of(request.user), timezone.now()
    offered = sorted((_offered(row, may, now) for row in rows), key=lambda each: bool(each.reason))
    is_cut = len(set(ids)) > SHOWN or (not wanted and len(rows) == SHOWN)
    usable = sum(not each.reason for each in offered)
    # Beyond these only a key is found whose name begins with the text.
    is_partial = wanted and not is_by_id and any(key.exists() for key in first_names.unread(ProvisioningKey))
    names_read = f"{first_names.MOST:,}" if is_partial else ""
    return {
        "keys": offered,
        "usable": usable,
        "wanted": wanted,
        "finds": key_search.FINDS,
        "is_cut": is_cut,
        "shown": SHOWN,
        "names_read": names_read,
    }


def require_usable(pk: int, user: Any) -> None:
    """Raise Invalid for a key that does not exist or cannot be used."""
    row = next(iter(key_rows.read(ProvisioningKey.objects.filter(pk=pk))), None)
    if row is None:
        raise Invalid("key", "This key was deleted. Choose another.", "invalid_choice")
    offered = _offered(row, May.of(user), timezone.now())
    if offered.reason:
        raise Invalid("key", f"“{row.name}” can't be used: {offered.reason}. {offered.sentence}", "unusable")


def _offered(row: KeyRow, may: May, now: Any) -> Offered:
    state = key_rows.state_of(row, may, now)
    word, tone, reason, sentence = state.state.label, state.tone, "", ""
    if state.state not in _ADMITS:
        reason, sentence = word, state.state_sentence
    elif state.hidden:
        word, tone, reason, sentence = "Not viewable", Tone.OFF, state.hidden, _WITHOUT_TEXT.get(state.hidden, "")
    return Offered(row.id, row.name, row.group__name, row.uses, row.max_uses, word, tone, reason, sentence)
