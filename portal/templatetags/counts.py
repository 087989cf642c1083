"""Template filters that format counts. Python code passes numbers to templates, never formatted counts."""

from __future__ import annotations

from django import template

from portal.lists.counting import COUNTED, words

register = template.Library()


@register.filter
def capped(number: int) -> str:
    """A count as text, up to 10,000: `1,234`, or `10,000+`."""
    return words(number)


@register.filter
def brief(number: int) -> str:
    """The same where there is room for five characters: `1,234`, or `10k+`."""
    return f"{COUNTED // 1_000}k+" if number > COUNTED else words(number)


@register.filter
def counted(number: int, noun: str) -> str:
    """A count with its noun: `1 key`, `1,234 keys`, `10,000+ keys`; the plural may follow a comma (`entry,entries`)."""
    singular, _, plural = noun.partition(",")
    return f"{words(number)} {singular if number == 1 else plural or f'{singular}s'}"


@register.filter
def grouped(number: int) -> str:
    """A number as text, however large: `12,345`."""
    return f"{number:,}"
