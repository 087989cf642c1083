"""Parsing the portal's answers. Nothing in them is trusted yet: `verification` checks the certificates."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from cryptography import x509

from enrollment.edge.advice import ADVICE
from enrollment.edge.outcomes import TRY_LATER, Stop, TryLater
from enrollment.edge.pem import not_after, read_certificate
from enrollment.edge.printable import code_in, origin_in, reference_in, words_in
from enrollment.edge.transport import Reply
from keys.crypto.ca_certificates import LONGEST_CHAIN

_NOT_AN_ANSWER = "The answer is not one of an enrollment portal. Check --url."


@dataclass(frozen=True, slots=True)
class Answer:
    """The members of an accepted enrollment or renewal. `chain` starts with the issuer and ends before the anchor."""

    edge: dict[str, str]
    certificate: x509.Certificate
    chain: list[x509.Certificate]
    trust_anchor: x509.Certificate
    renew_after: str


def refuse_other_than(accepted: set[int], reply: Reply, secret: str = "") -> Reply:
    """The reply, if its status is accepted. Raises TryLater or Stop otherwise, with the portal's sentence.

    The sentence is left out when it repeats a part of `secret`.
    """
    if reply.status in accepted:
        return reply
    if 300 <= reply.status < 400:
        target = origin_in(reply.location, secret) or "another address"
        raise Stop(
            f"The server redirects to {target}. The key is not sent on; give the final address with --url.",
            waited_out=True,
        )
    code, words = _words(reply, secret)
    advice = ADVICE.get(code)
    if reply.status in {408, 429} or reply.status >= 500:
        # After 429 another attempt within seconds would be refused too.
        raise TryLater(words, code=code, retry_after=reply.retry_after, soon=reply.status != 429)
    if advice and advice.exit_code == TRY_LATER:
        raise TryLater(words, code=code, soon=False)
    # An unknown code comes from a newer portal; an answer without one is the page of a proxy.
    raise Stop(words, code=code, waited_out=True)


def parse_answer(body: bytes) -> Answer:
    """Parse the body of an enrollment's or a renewal's answer. Raises Stop."""
    try:
        return _parse(json.loads(body.decode()))
    except Exception:
        # JSON of any shape may come, so any exception of the parser means the same.
        raise Stop(_NOT_AN_ANSWER, waited_out=True) from None


def _parse(document: Any) -> Answer:
    edge = {name: _text(document["edge"][name]) for name in ("id", "name", "group")}
    if len(document["chain"]) >= LONGEST_CHAIN:
        raise ValueError("the chain is too long")
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


def _words(reply: Reply, secret: str) -> tuple[str, str]:
    """The code, and `key_exhausted (HTTP 403): All uses of the key are taken. ...`, from a problem document."""
    try:
        problem = json.loads(reply.body)
        code = code_in(problem["code"], secret)
        detail, reference = words_in(problem["detail"], secret), reference_in(problem.get("request_id"), secret)
    except Exception:
        # JSON of any shape may come; what cannot be parsed has no code.
        code = detail = reference = ""
    if not code:
        return "", f"HTTP {reply.status} without a reason that this program knows. Check --url."
    words = [f"{code} (HTTP {reply.status}):", detail, ADVICE[code].text if code in ADVICE else ""]
    words.append(f"(request {reference})" if reference else "")
    return code, " ".join(word for word in words if word)


def moment(certificate: x509.Certificate) -> str:
    """The end of a certificate's validity in RFC 3339, in seconds and UTC, as the portal writes it."""
    return f"{not_after(certificate):%Y-%m-%dT%H:%M:%SZ}"
