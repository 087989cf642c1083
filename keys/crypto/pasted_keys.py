"""Finding a key in a pasted text from an e-mail, a chat, a table or a file, and naming the fault when there is none.

Nothing is guessed. A key is 124 characters with a checksum over themselves and the domain, so the text around it can be
dropped, and a wrong character in it is refused with its place. Every step takes time linear in the text. Pure: no
Django, no database.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator

from keys.crypto.invisible import INVISIBLE

LONGEST_TEXT = 2048  # characters
BLOB = re.compile(r"PSEK[A-Za-z0-9+/]{118}==")
BLOB_CHARACTERS = 124
QUOTES = (
    "\"'`\xb4\xab\xbb\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u201f\u2039\u203a\u2032\u2033\u2035\u2036\u275b\u275c\u275d"
    "\u275e\u276e\u276f\u300c\u300d\u300e\u300f\u301d\u301e\u301f"
)
# Brackets, table cells, bullets and emphasis before a key; after it also the end of a sentence.
_BEFORE = f"{QUOTES}<([{{|*>\u2022\xb7"
_AFTER = f"{QUOTES}>)]}}|*.,;:!?\u2026\u3001\u3002"
_LABEL = re.compile(r"[^\W\d][\w.-]{0,63}[\"']?[:=]")
_DOMAIN = r"([A-Za-z0-9.-]{4,253})"
_LINK = r"https?://[^<>()\[\]]{1,1500}"
# A plain domain; as mail and chat programs link it; a link in Markdown and in Slack; an address.
_FIELDS = tuple(
    re.compile(pattern)
    for pattern in (
        _DOMAIN, rf"{_DOMAIN}<{_LINK}>", rf"{_DOMAIN}\({_LINK}\)", rf"\[{_DOMAIN}\]\({_LINK}\)",
        rf"<https?://[^<>|]{{1,600}}\|{_DOMAIN}>", rf"https?://{_DOMAIN}/?", rf"<https?://{_DOMAIN}/?>",
    )
)  # fmt: skip
# Markdown escapes punctuation with a backslash.
_ESCAPE = re.compile(r"\\+(?=[|.+/=-])|%(?:7[Cc]|2[BbFf]|3[Dd])")
_LINE_START = re.compile(r"[\s>]*(?:[-*\u2022]\s+)?")
_IN_KEYS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=|.-")
_BARS = "\xa6\u01c0\u2223\u2502\uffe8"
_MOST_NAMED, _LONGEST_NAME = 2, 60


def squeeze(text: str) -> str:
    """The text without white space and invisible characters, and without the escapes of other programs.

    Full-width, backslash-escaped and percent-encoded characters become the plain ones. Squeezing a text twice changes
    nothing more.
    """
    # Nearly all machines send ASCII, for which this is much faster.
    visible = "".join(text.split()) if text.isascii() else "".join(character for _, character in _visible(text))
    return _ESCAPE.sub(lambda found: chr(int(found[0][1:], 16)) if found[0].startswith("%") else "", visible)


def _visible(text: str) -> Iterator[tuple[int, str]]:
    """Yield each visible character with its place in the text, counted from 1. Full-width ones become narrow."""
    for place, character in enumerate(text, 1):
        if character.isascii():
            if not character.isspace():
                yield place, character
        elif not (character.isspace() or unicodedata.category(character) == "Cf" or character in INVISIBLE):
            yield place, chr(ord(character) - 0xFEE0) if "\uff01" <= character <= "\uff5e" else character


def readings(text: str) -> Iterator[str]:
    """Yield the texts in which a key may be: all of it squeezed; without comments and bullets; its line with a key."""
    yield squeeze(text)
    lines = [_LINE_START.sub("", line, count=1) for line in re.split(r"\r\n|\r|\n", text)]
    kept = [squeeze(line) for line in lines if not line.startswith(("#", ";"))]
    yield "".join(kept)
    whole = [line for line in kept if BLOB.search(line)]
    if len(whole) == 1:
        yield whole[0]


def parts(reading: str) -> tuple[str, str] | None:
    """The domain in lower case and the 124 characters of the only key in a squeezed text, or None.

    The checksum is not verified.
    """
    found = list(BLOB.finditer(reading))
    if len(found) != 1:
        return None
    before, after = reading[: found[0].start()], reading[found[0].end() :]
    prefix, version, field = before.partition("1|")
    prefix = prefix.strip(_BEFORE)
    if not version or not field.endswith("|") or after.strip(_AFTER) or (prefix and not _LABEL.fullmatch(prefix)):
        return None
    field = field[:-1].strip(QUOTES)
    domains = (pattern.fullmatch(field) for pattern in _FIELDS)
    domain = next((each[1] for each in domains if each), None)
    return (domain.lower(), found[0][0]) if domain else None


def fault(text: str, is_key: Callable[[str], bool]) -> str:
    """Why there is no key in the text: what to remove and where, in ASCII. It repeats only characters that no key has.

    `is_key` is a test of a squeezed text. A wrong character is to be removed only if the rest is a key: it may also be
    in the place of a right one.
    """
    squeezed = squeeze(text)
    if len(text) > LONGEST_TEXT:
        return f"The text has {len(text):,} characters, and a key at most {LONGEST_TEXT:,}. Send the key alone."
    if not squeezed:
        return "There is no key: the text is empty."
    keys = len(BLOB.findall(squeezed))
    if keys > 1:
        return f"There are {keys} keys in the text. Send one."
    around = _surplus(squeezed) if keys else ""
    found = around or _odd_characters(text, is_key)
    if found:
        return found
    if "PSEK" not in squeezed:
        return "There is no key in the text. A key is three parts with | between them, the last of 124 characters."
    return _fault_of_structure(squeezed)


def _surplus(squeezed: str) -> str:
    """The advice to remove text before or after the only key, where that text may not be there. Else ""."""
    key = next(BLOB.finditer(squeezed))
    prefix, version, _ = squeezed[: key.start()].partition("1|")
    apart = not prefix[-1:].isalnum()
    prefix, after = prefix.strip(_BEFORE), squeezed[key.end() :].strip(_AFTER)
    if after:
        return f"Remove the {_counted(len(after))} after the key, which ends with ==."
    # `_odd_characters` names a few characters one by one.
    if version and apart and len(prefix) > _MOST_NAMED and not _LABEL.fullmatch(prefix):
        return f"Remove the {_counted(len(prefix))} before the key."
    return ""


def _odd_characters(text: str, is_key: Callable[[str], bool]) -> str:
    """The advice about characters that no key has, with their places. Those that may surround a key are left out."""
    visible = list(_visible(text))
    squeezed = "".join(character for _, character in visible)
    first = len(squeezed) - len(squeezed.lstrip(_BEFORE))
    last = len(squeezed.rstrip(_AFTER))
    found = [(place, character) for place, character in visible[first:last] if character not in _IN_KEYS]
    if not found:
        return ""
    named = [f"{_name(text[place - 1])} at character {place}" for place, _ in found[:_MOST_NAMED]]
    more = f" and {len(found) - _MOST_NAMED} more" if len(found) > _MOST_NAMED else ""
    if all(character in _BARS for _, character in found):
        return f"Write | instead of {', '.join(named)}{more}: no key holds that."
    if is_key("".join(character for character in squeezed if character in _IN_KEYS)):
        return f"Remove {', '.join(named)}{more}: no key holds that."
    return f"Copy it again: no key holds {', '.join(named)}{more}."


def _fault_of_structure(squeezed: str) -> str:
    """The fault of a text that has only characters of a key."""
    core = squeezed.strip("|.")
    head, _, blob = core.rpartition("|")
    bars = core.count("|")
    if bars != 2:
        return f"A key has two |, this text {bars}. Copy it again, from the first character to the last."
    if not head.startswith("1|"):
        return "The text does not begin as a key does. Copy it again, from the first character to the last."
    if len(blob) != BLOB_CHARACTERS:
        difference = BLOB_CHARACTERS - len(blob)
        verb = "is" if abs(difference) == 1 else "are"
        what = f"{_counted(abs(difference))} {verb} {'missing' if difference > 0 else 'too many'}"
        return f"{what} after the last |: a key has {BLOB_CHARACTERS} there and ends with ==. Copy it again."
    return "A character of the key is wrong or in the wrong place. Copy it again, from the first to the last."


def _counted(number: int) -> str:
    return "1 character" if number == 1 else f"{number} characters"


def _name(character: str) -> str:
    code = f"U+{ord(character):04X}"
    name = unicodedata.name(character, "")
    return f"{name[:_LONGEST_NAME]} ({code})" if name else f"the character {code}"
