"""Finding the one certificate request in a PEM text. Pure.

It reads RFC 7468 and what OpenSSL reads as well: text around the block, a byte order mark, CRLF, the label `NEW
CERTIFICATE REQUEST`, headers. A text that could be read in two ways is refused, and so is a private key.
"""

from __future__ import annotations

import base64
import re

from enrollment.errors import Refused
from enrollment.pki import der

LARGEST_DER = 4096  # bytes
LONGEST_TEXT = 16 * 1024  # characters
_LABELS = ("CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST")
_MARK = re.compile(r"-----(BEGIN|END) ([A-Z0-9 ]{1,40})-----")
_HEADER = re.compile(r"[A-Za-z0-9-]+:")
_NOT_BASE64 = re.compile(r"[^A-Za-z0-9+/=]")
_SECRET = re.compile(r"-{3,5} ?(BEGIN|END) [^-\n]{0,40}PRIVATE KEY|PuTTY-User-Key-File", re.IGNORECASE)
_BARE = re.compile(r"\s*(MI[A-Za-z0-9+/=\s]{60,})")
PRIVATE_KEY = (
    "This holds a private key. A private key never leaves its machine, so this one is no longer secret: replace it. "
    "Make a new key pair and send only its request (openssl req -new)."
)
# What is sent in place of a request, by the label of its PEM.
OTHERS = {
    "CERTIFICATE": "This is a certificate, not a request. Make a request with the machine's key (openssl req -new).",
    "PUBLIC KEY": "This is a public key, not a request. Make a request with its private key (openssl req -new).",
    "PKCS7": "This is PKCS #7, not PKCS #10. Send the plain request (certreq: RequestType = PKCS10).",
    "CMS": "This is CMS, not PKCS #10. Send the plain request (certreq: RequestType = PKCS10).",
}


def request_in(text: str) -> bytes:
    """The DER of the only request in a PEM text. Raises Refused: csr_malformed."""
    if len(text) > LONGEST_TEXT:
        raise _malformed(f"The text has {len(text):,} characters; at most {LONGEST_TEXT:,} are read.")
    if "\0" in text:
        raise _malformed("The text is UTF-16 or binary. Send the request as PEM in UTF-8.")
    if _SECRET.search(text) or _is_bare_private_key(text):
        raise _malformed(PRIVATE_KEY)
    found, others = _blocks(text)
    if len(found) > 1:
        raise _malformed(f"There are {len(found)} requests. Send one.")
    if not found:
        raise _malformed(_why_none(text, others))
    request = _decoded(found[0])
    if len(request) > LARGEST_DER:
        raise _malformed(f"The request has {len(request):,} bytes; at most {LARGEST_DER:,} are read.")
    return request


def _blocks(text: str) -> tuple[list[list[str]], list[str]]:
    """The lines of each request, and the labels of the other blocks."""
    requests: list[list[str]] = []
    others: list[str] = []
    label = ""
    for line in map(str.strip, text.removeprefix("\ufeff").splitlines()):
        mark = _MARK.fullmatch(line)
        if label and mark is None:
            requests[-1].append(line)
        elif label and mark and mark.groups() == ("END", label):
            label = ""
        elif label:
            raise _malformed(f"The line -----END {label}----- is missing: the request is cut off or damaged.")
        elif mark and mark[1] == "BEGIN" and mark[2] in _LABELS:
            label = mark[2]
            requests.append([])
        elif mark and mark[1] == "BEGIN":
            others.append(mark[2])
    if label:
        raise _malformed(f"The line -----END {label}----- is missing: the request is cut off or damaged.")
    return requests, others


def _why_none(text: str, others: list[str]) -> str:
    label = others[0].removeprefix("X509 ").removeprefix("TRUSTED ").removeprefix("RSA ") if others else ""
    begins = "-----BEGIN" in text
    rules = (
        (others, OTHERS.get(label, "None of the PEM blocks is a CERTIFICATE REQUEST.")),
        (not text.strip(), "The request is empty: nothing was sent."),
        (begins and r"\n" in text, r"The line breaks arrived as the two characters \n. Send real line breaks."),
        (
            begins and len(text.splitlines()) < 3,
            "The lines -----BEGIN and -----END must stand alone: the line breaks of the request were lost.",
        ),
        (
            begins,
            "The line -----BEGIN CERTIFICATE REQUEST----- must stand alone, without quotes or other marks.",
        ),
        (
            _BARE.fullmatch(text),
            "The lines -----BEGIN CERTIFICATE REQUEST----- and -----END CERTIFICATE REQUEST----- are missing.",
        ),
    )
    default = "There is no line -----BEGIN CERTIFICATE REQUEST-----. Send a request (PKCS #10) as PEM."
    return next((fault for applies, fault in rules if applies), default)


def _is_bare_private_key(text: str) -> bool:
    """Whether the text is the base64 of a private key, without the BEGIN and END lines."""
    bare = _BARE.fullmatch(text)
    try:
        parts = der.inside(der.whole(base64.b64decode(bare[1]), der.SEQUENCE, "the key"), "part") if bare else []
    except ValueError:
        return False
    # A request starts with a SEQUENCE; PKCS #1, PKCS #8, PKCS #12 and SEC 1 start with a version.
    return bool(parts) and parts[0].tag == der.INTEGER


def _decoded(lines: list[str]) -> bytes:
    if lines and _HEADER.match(lines[0]):
        # The headers end with an empty line (RFC 1421 §4.4).
        if any("ENCRYPTED" in line for line in lines):
            raise _malformed("The block is encrypted. Send the request in the clear: it holds no secret.")
        if "" not in lines:
            raise _malformed("An empty line is missing between the headers and the base64 of the request.")
        lines = lines[lines.index("") + 1 :]
    text = "".join("".join(lines).split())
    if not text:
        raise _malformed("The block is empty: there is no base64 in it.")
    stray = _NOT_BASE64.search(text)
    if stray:
        raise _malformed(f"Character {stray.start() + 1} of the base64 is not a base64 character: it is damaged.")
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        raise _malformed("The base64 is cut off or has its = in the wrong place: the request is damaged.") from None


def _malformed(fault: str) -> Refused:
    return Refused("csr_malformed", fault)
