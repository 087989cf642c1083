"""The rows of the keys page as HTML: forms with blanks, filled in.

The row template is rendered once per kind of key and process, with blanks for its values; each row then only fills
the blanks. A hundred rows through the template itself cost as much as a whole page of the Django admin.
"""

from __future__ import annotations

import functools
import html
from collections.abc import Callable, Iterable
from datetime import datetime

from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString

from keys import recent
from keys.models import ProvisioningKey
from keys.rows import Kind, May, kind_of, values_of


class _Blanks(dict[str, SafeString]):
    """Answers every value a template asks for with its blank."""

    def __missing__(self, name: str) -> SafeString:
        return SafeString(f"%({name})s")


@functools.lru_cache(maxsize=2048)
def _form(kind: Kind) -> str:
    """The row of a kind, with blanks. A per cent sign in the template would be a blank too, so there is none."""
    return render_to_string("keys/_key_row.html", {"row": _Blanks(kind._asdict())})


def render_rows(keys: Iterable[ProvisioningKey], may: May, is_open: Callable[[int], bool]) -> SafeString:
    """The rows of a page. Every value is escaped here, for templates see only blanks."""
    now = timezone.now()
    return SafeString("".join(_filled(key, kind_of(key, may, now, is_open(key.pk)), now) for key in keys))


def _filled(key: ProvisioningKey, kind: Kind, now: datetime) -> str:
    values = {name: html.escape(value) for name, value in values_of(key, now).items()}
    return _form(kind) % {**values, "recent": recent.say(key)}
