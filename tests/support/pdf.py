"""The text of a PDF that Chromium printed, so that no tool beside the browser is needed to look into one."""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections.abc import Iterator

_OBJECT = re.compile(rb"(\d+) 0 obj\n(.*?)\nendobj", re.DOTALL)
_STREAM = re.compile(rb"stream\n(.*?)\nendstream", re.DOTALL)
_FONT = re.compile(rb"/F(\d+) (\d+) 0 R")
_UNICODE = re.compile(rb"/ToUnicode (\d+) 0 R")
# A font is chosen, or glyphs are drawn: two bytes each, in hexadecimal.
_TOKEN = re.compile(rb"/F(\d+) [\d.]+ Tf|<([0-9A-Fa-f]+)>")


def text_of(pdf: bytes) -> str:
    """All glyphs of all pages as characters (NFKC, for ligatures), without white space: lines break anywhere."""
    objects = {int(number): body for number, body in _OBJECT.findall(pdf)}
    fonts = {name: _characters(objects, int(number)) for name, number in _FONT.findall(pdf)}
    streams = (_content(body) for body in objects.values())
    drawn = "".join(glyph for stream in streams for glyph in _drawn(stream, fonts))
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", drawn))


def _content(body: bytes) -> bytes:
    found = _STREAM.search(body)
    if not found:
        return b""
    return zlib.decompress(found[1]) if b"/FlateDecode" in body else found[1]


def _characters(objects: dict[int, bytes], font: int) -> dict[int, str]:
    """What each glyph of a font stands for: its ToUnicode map (PDF 32000-1, 9.10.3)."""
    reference = _UNICODE.search(objects[font])
    table = _content(objects[int(reference[1])]) if reference else b""
    found: dict[int, str] = {}
    for block in re.findall(rb"beginbfchar(.*?)endbfchar", table, re.DOTALL):
        for glyph, text in re.findall(rb"<(\w+)> <(\w+)>", block):
            found[int(glyph, 16)] = bytes.fromhex(text.decode()).decode("utf-16-be")
    for block in re.findall(rb"beginbfrange(.*?)endbfrange", table, re.DOTALL):
        for first, last, text in re.findall(rb"<(\w+)> <(\w+)> <(\w+)>", block):
            for offset in range(int(last, 16) - int(first, 16) + 1):
                found[int(first, 16) + offset] = chr(int(text, 16) + offset)
    return found


def _drawn(stream: bytes, fonts: dict[bytes, dict[int, str]]) -> Iterator[str]:
    if b" Tf" not in stream:
        return
    characters: dict[int, str] = {}
    for font, glyphs in _TOKEN.findall(stream):
        if font:
            characters = fonts.get(font, {})
        for at in range(0, len(glyphs), 4):
            yield characters.get(int(glyphs[at : at + 4], 16), "")
