"""What the color of a state means: the same for keys, certificates and edges, on every page and support page."""

from __future__ import annotations

import functools
from enum import StrEnum

from django.utils.html import format_html
from django.utils.safestring import SafeString


class Tone(StrEnum):
    """The color of the dot before a state's word. The value is its class in `state.css`."""

    # It works, and nobody has to act.
    OK = "ok"
    # It works but soon will not, or it waits: a person must act, or time must pass.
    WARNING = "warning"
    # Nothing works with it, and nobody chose that for now: it ended, ran out, or lacks something.
    DANGER = "danger"
    # Somebody chose it and can undo it, or nothing happened yet.
    OFF = "off"


@functools.cache
def dot_and_word(word: str, tone: Tone) -> SafeString:
    """A state as HTML for the support pages."""
    return format_html('<span class="state {}">{}</span>', tone, word)
