"""Mutations of what machines send: DER by structure and by bytes, JSON by members, key texts by characters."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Callable, Iterator

from cryptography.hazmat.primitives.serialization import Encoding

from tests.enrollment import raw_csr
from tests.enrollment.raw_csr import tlv

DER = Encoding.DER
_CONSTRUCTED = {0x30, 0x31, 0xA0}
_TAGS = (
    0x01,
    0x02,
    0x03,
    0x04,
    0x05,
    0x06,
    0x0C,
    0x13,
    0x16,
    0x17,
    0x1E,
    0x24,
    0x30,
    0x31,
    0x80,
    0xA0,
    0xA1,
    0xBF,
    0x1F,
)
# Contents that have been trouble somewhere: empty, zero, negative, huge, not minimal, not UTF-8, absurd identifiers.
_CONTENTS = (
    b"", b"\0", b"\xff", b"\x80", b"\0" * 9, b"\xff" * 300, b"\x7f" * 2000, b"\0\x01", b"\xc0\x80", b"\xed\xa0\x80",
    b"\x80\x80\x01", b"\x2a", b"\xff\xff\xff\xff\x7f", b"<script>alert(1)</script>", b"\xe2\x80\xae",
)  # fmt: skip


def mutated_der(chance: random.Random, der: bytes) -> bytes:
    """One to three changes of the structure, of the bytes, or of both."""
    for _ in range(chance.choice((1, 1, 1, 1, 2, 3))):
        change = chance.choice(_DER_CHANGES)
        der = change(chance, der) or b"\0"
    return der


def _elements(der: bytes, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """(start, content, end) of each element, outer ones first, as far as the bytes make sense."""
    while start + 2 <= end:
        tag, length, content = der[start], der[start + 1], start + 2
        if length & 0x80:
            octets = length & 0x7F
            length, content = int.from_bytes(der[content : content + octets]), content + octets
        stop = content + length
        if stop > end:
            return
        yield start, content, stop
        if tag & 0x20 or tag in _CONSTRUCTED:
            yield from _elements(der, content, stop)
        start = stop


def _pick(chance: random.Random, der: bytes) -> tuple[int, int, int]:
    return chance.choice(list(_elements(der, 0, len(der))) or [(0, 0, len(der))])


def _rebuilt(der: bytes, start: int, end: int, new: bytes) -> bytes:
    """`der` with one element replaced and the lengths around it corrected, so that the change is reached."""
    around = [each for each in _elements(der, 0, len(der)) if each[0] < start and end <= each[2]]
    inner, at, stop = new, start, end
    for begin, content, finish in reversed(around):
        inner = tlv(der[begin], der[content:at] + inner + der[stop:finish])
        at, stop = begin, finish
    return der[:at] + inner + der[stop:]


def _replace_content(chance: random.Random, der: bytes) -> bytes:
    start, _, end = _pick(chance, der)
    return _rebuilt(der, start, end, tlv(der[start] if der else 0x30, chance.choice(_CONTENTS)))


def _replace_tag(chance: random.Random, der: bytes) -> bytes:
    start, content, end = _pick(chance, der)
    return _rebuilt(der, start, end, tlv(chance.choice(_TAGS), der[content:end]))


def _remove(chance: random.Random, der: bytes) -> bytes:
    start, _, end = _pick(chance, der)
    return _rebuilt(der, start, end, b"")


def _repeat(chance: random.Random, der: bytes) -> bytes:
    start, _, end = _pick(chance, der)
    return _rebuilt(der, start, end, der[start:end] * chance.choice((2, 3, 20)))


def _wrap(chance: random.Random, der: bytes) -> bytes:
    start, _, end = _pick(chance, der)
    wrapped = der[start:end]
    for _ in range(chance.choice((1, 2, 40))):
        wrapped = tlv(chance.choice((0x30, 0x31, 0x24)), wrapped)
    return _rebuilt(der, start, end, wrapped)


def _transplant(chance: random.Random, der: bytes) -> bytes:
    start, _, end = _pick(chance, der)
    other, _, finish = _pick(chance, der)
    return _rebuilt(der, start, end, der[other:finish])


def _other_length(chance: random.Random, der: bytes) -> bytes:
    """BER that is no DER: indefinite, longer than needed, and lies."""
    start, content, end = _pick(chance, der)
    inner, tag = der[content:end], der[start : start + 1]
    forms = (
        b"\x80" + inner + b"\0\0",
        b"\x84" + len(inner).to_bytes(4) + inner,
        b"\xff" + inner,
        b"\x84\xff\xff\xff\xff" + inner,
        bytes([min(127, len(inner) + 1)]) + inner,
        b"\x89" + b"\xff" * 9 + inner,
    )
    return _rebuilt(der, start, end, tag + chance.choice(forms))


def _flip(chance: random.Random, der: bytes) -> bytes:
    at = chance.randrange(len(der))
    return der[:at] + bytes([der[at] ^ 1 << chance.randrange(8)]) + der[at + 1 :]


def _overwrite(chance: random.Random, der: bytes) -> bytes:
    at = chance.randrange(len(der))
    return der[:at] + chance.randbytes(chance.randint(1, 4)) + der[at + chance.randint(1, 4) :]


def _cut(chance: random.Random, der: bytes) -> bytes:
    at = chance.randrange(len(der))
    return der[:at] if chance.random() < 0.3 else der[:at] + der[at + chance.randint(1, 9) :]


def _insert(chance: random.Random, der: bytes) -> bytes:
    at = chance.randrange(len(der) + 1)
    return der[:at] + chance.choice((b"\0", chance.randbytes(3), der[:40])) + der[at:]


_DER_CHANGES: tuple[Callable[[random.Random, bytes], bytes], ...] = (
    _replace_content, _replace_tag, _remove, _repeat, _wrap, _transplant, _other_length, _flip, _flip, _overwrite, _cut,
    _insert,
)  # fmt: skip


def signed_again(der: bytes, key: object) -> bytes:
    """A mutated request under a good signature of its key, so that judging goes beyond the signature."""
    parts = list(_elements(der, 0, len(der)))
    inside = next((each for each in parts[1:2]), None)
    if inside is None:
        return der
    return raw_csr.sign(der[inside[0] : inside[2]], key)


def pem_of(der: bytes, label: str) -> str:
    """A clean PEM block."""
    return f"-----BEGIN {label}-----\n{base64.encodebytes(der).decode()}-----END {label}-----\n"


def mutated_pem(chance: random.Random, der: bytes) -> str:
    """Mostly a clean block around mutated bytes; sometimes the text is what is damaged."""
    pem = raw_csr.pem(der)
    if chance.random() < 0.9:
        return pem
    at = chance.randrange(len(pem))
    dirt = chance.choice(("-----", "\n", "\0", "=", " ", "\ud800", "-----BEGIN CERTIFICATE REQUEST-----\n", "é", "\r"))
    return chance.choice((pem[:at] + dirt + pem[at:], pem[:at], pem[at:], pem + pem, pem.replace("\n", dirt)))


_TEXTS = (
    "-----BEGIN NEW CERTIFICATE REQUEST-----\n", "-----END CERTIFICATE REQUEST-----\n", "-----BEGIN CERTIFICATE-----\n",
    "-----BEGIN EC PRIVATE KEY-----\n", "Proc-Type: 4,ENCRYPTED\n\n", "Comment: x\n", "\ufeff", "\\n", "\u2028",
    "\x1c", "\r", "> ", "\ud800", "\x1b[2J", "\u202e", "<script>", "\0", "-", "=", "MII",
)  # fmt: skip


def mutated_text(chance: random.Random, text: str) -> str:
    """What surrounds, cuts and garbles a PEM text between two programs."""
    for _ in range(chance.choice((1, 1, 2, 4))):
        at, to = sorted(chance.randrange(len(text) + 1) for _ in range(2))
        dirt = chance.choice(_TEXTS)
        forms = (text[:at] + dirt + text[at:], text[:at] + text[to:], text[:at], dirt + text, text + dirt + text[at:to])
        text = chance.choice((*forms, text.replace("\n", dirt), text.replace(" ", "", 1), text.swapcase()))
    return text


_VALUES: tuple[object, ...] = (
    None, True, 0, -1, 1.5, 10**40, "", " ", "\0", "\ud800", "x" * 3000, [], {}, [[]], {"a": {}}, ["x"], "1|a|b",
    "|" * 99,
)  # fmt: skip
_NAMES = (
    "",
    "csr",
    "CSR",
    "provisioning_key",
    "group",
    "edge_id",
    "trust_anchor_sha256",
    "__proto__",
    "certificate",
    "\ud800",
    "x" * 999,
)


def mutated_request(chance: random.Random, members: dict[str, object]) -> bytes:
    """The JSON of an enrollment request, damaged: members, values, syntax, encoding."""
    changed = dict(members)
    if chance.random() < 0.5:
        kind = chance.randrange(4)
        if kind == 0:
            changed[chance.choice(list(changed))] = chance.choice(_VALUES)
        elif kind == 1:
            changed[chance.choice(_NAMES)] = chance.choice(_VALUES)
        elif kind == 2:
            del changed[chance.choice(list(changed))]
        else:
            name = chance.choice(list(changed))
            changed[name] = chance.choice(([changed[name]], {"value": changed[name]}, f"{changed[name]}\0"))
        return json.dumps(changed).encode()
    body = json.dumps(changed, ensure_ascii=False).encode("utf-8", "surrogatepass")
    return damaged_bytes(chance, body)


_DIRT = (
    b"{", b"}", b"[" * 500, b'"', b",", b":", b"\\", b"\\ud800", b"\xff", b"\xed\xa0\x80", b"\0", b"NaN", b"1e999",
    b"\xef\xbb\xbf",
)  # fmt: skip


def damaged_bytes(chance: random.Random, body: bytes) -> bytes:
    at, to = sorted(chance.randrange(len(body) + 1) for _ in range(2))
    dirt = chance.choice(_DIRT)
    forms = (
        body[:at],
        body[at:],
        body[:at] + dirt + body[at:],
        body[:at] + body[to:],
        body[:to] + body[at:],
        dirt + body,
    )
    return chance.choice(forms)


_CHARACTERS = "ABCXYZabcxyz0189+/=|.-_ \t\r\n\0\xa0\u200b\ufeff\"'`\u201d\uff11\u0661éß\ud800\U0001f511"


def mutated_key(chance: random.Random, text: str) -> str:
    """A key text with one to four changes of the kind that copying, typing and attackers make."""
    for _ in range(chance.randint(1, 4)):
        at, kind = chance.randrange(len(text) + 1), chance.randrange(9)
        other = chance.randrange(len(text) + 1)
        if kind == 0:
            text = text[:at] + chance.choice(_CHARACTERS) + text[at:]
        elif kind == 1:
            text = text[:at] + chance.choice(_CHARACTERS) + text[at + 1 :]
        elif kind == 2:
            text = text[:at] + text[at + 1 :]
        elif kind == 3:
            text = text[at:] + text[:at] if chance.random() < 0.2 else text[:at] + text[other:]
        elif kind == 4:
            text = text[:at] + text[at:].swapcase()[:1] + text[at + 1 :]
        elif kind == 5:
            text = text.rstrip("=") + "=" * chance.randrange(4)
        elif kind == 6:
            text = _respelled(chance, text)
        elif kind == 7:
            text = chance.choice(("\n", " ", '"', "\u200b", "\ufeff")) + text + chance.choice(("\n", '"', "\u201d", ""))
        else:
            text = text.replace("|", chance.choice(("||", " | ", "\u00a6", "\uff5c", "%7C", "")), 1)
        text = text or "|"
    return text


def _respelled(chance: random.Random, text: str) -> str:
    """Other spellings of the same or nearly the same bytes."""
    prefix, _, blob = text.rpartition("|")
    try:
        raw = base64.b64decode(blob)
    except ValueError:
        return text
    unused = blob[:-3] + chr(ord(blob[-3]) + chance.randint(1, 3)) + blob[-2:] if len(blob) > 3 else blob
    return f"{prefix}|" + chance.choice((base64.urlsafe_b64encode(raw).decode(), unused, raw.hex(), blob.rstrip("=")))
