"""Reading what the portal answered. Nothing in it is believed here: that is `verification`."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from cryptography import x509

from enrollment.edge.advice import ADVICE
from enrollment.edge.outcomes import TRY_LATER, Stop, TryLater
from enrollment.edge.pem import not_after, read_certificate
from enrollment.edge.transport import Reply

LONGEST_CHAIN = 8
_NOT_AN_ANSWER = "The answer is not one of an enrollment portal. Check --url."
# A portal could repeat what it was sent; no run of characters long enough to be a secret is ever printed.
_LONG_RUN = re.compile(r"[A-Za-z0-9+/=_-]{40,}")


@dataclass(frozen=True, slots=True)
class Answer:
    """The members of an accepted enrollment, parsed. `chain` starts with the issuer and ends before the anchor."""

    edge: dict[str, str]
    certificate: x509.Certificate
    chain: list[x509.Certificate]
    trust_anchor: x509.Certificate
    renew_after: str


def read_answer(reply: Reply) -> Answer:
    """The answer in an accepted reply. Raises Stop when it is none."""
    return parse_answer(refuse_other_than({200, 201}, reply).body)


def refuse_other_than(accepted: set[int], reply: Reply) -> Reply:
    """The reply, if its status is accepted. Else raises TryLater or Stop, with the portal's own words."""
    if reply.status in accepted:
        return reply
    if 300 <= reply.status < 400:
        raise Stop(
            f"The server redirects to {printable(reply.location) or 'nowhere'}. The key is not sent on; "
            "give the final address with --url.",
            waited_out=True,
        )
    code, words = _words(reply)
    advice = ADVICE.get(code)
    if reply.status in {408, 429} or reply.status >= 500:
        # Too many attempts are not helped by another one a moment later.
        raise TryLater(words, code=code, retry_after=reply.retry_after, soon=reply.status != 429)
    if advice and advice.exit_code == TRY_LATER:
        raise TryLater(words, code=code, soon=False)
    # What this program does not know is the page of a proxy, or of a newer portal.
    raise Stop(words, code=code, waited_out=advice is None or advice.waited_out)


def parse_answer(body: bytes) -> Answer:
    """The members of an enrollment's or a renewal's answer. Raises Stop."""
    try:
        return _parse(json.loads(body))
    except (ValueError, TypeError, KeyError, RecursionError):
        raise Stop(_NOT_AN_ANSWER, waited_out=True) from None


def _parse(document: Any) -> Answer:
    edge = {name: _text(document["edge"][name]) for name in ("id", "name", "group")}
    if len(document["chain"]) > LONGEST_CHAIN:
        raise ValueError("an endless chain")
    return Answer(
        edge=edge,
        certificate=_certificate(document["certificate"]),
        chain=[_certificate(pem) for pem in document["chain"]],
        trust_anchor=_certificate(document["trust_anchor"]),
        renew_after=_text(document["renew_after"]),
    )


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("not a string")
    # A lone surrogate is legal JSON and cannot be written to a file.
    value.encode()
    return value


def _certificate(pem: Any) -> x509.Certificate:
    return read_certificate(_text(pem).encode())


def _words(reply: Reply) -> tuple[str, str]:
    """The code, and `key_exhausted (HTTP 403): All uses of the key are taken. ...`, from a problem document."""
    try:
        problem = json.loads(reply.body)
        code, detail = _text(problem["code"]), _text(problem["detail"])
    except (ValueError, TypeError, KeyError, RecursionError):
        return "", f"HTTP {reply.status} without a reason that this program knows. Check --url."
    request = problem.get("request_id")
    reference = f" (request {printable(request)})" if isinstance(request, str) and request else ""
    hint = f" {ADVICE[code].text}" if code in ADVICE else ""
    return code, f"{printable(code)} (HTTP {reply.status}): {printable(detail)}{hint}{reference}"


def printable(text: str) -> str:
    """Words of a stranger made fit for a terminal and a log."""
    visible = "".join(character if character.isprintable() else " " for character in text[:500])
    return _LONG_RUN.sub("...", visible).strip()


def moment(certificate: x509.Certificate) -> str:
    """The end of a certificate, as the portal writes moments."""
    return f"{not_after(certificate):%Y-%m-%dT%H:%M:%SZ}"
