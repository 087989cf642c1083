"""Mutated CSRs, requests and key texts against the real judge, the real address and the real reader.

Each attempt has a chance of its own, made of seed and number: what failed is repeated alone by the same two.
"""

from __future__ import annotations

import functools
import json
import random
import re
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from django.test import Client

from enrollment.endpoints import rate_limit
from enrollment.errors import LONGEST_FAULT, REFUSALS, Refused
from enrollment.pki import csr, csr_extensions
from keys.crypto import tokens
from tests.enrollment import csr_examples, raw_csr
from tests.enrollment.csr_examples import parts
from tests.enrollment.flawed_csrs import CA, CSR_CODES, NOT_CA, der_of, usage
from tests.factories import make_csr, make_private_key
from tests.fuzz import mutations, uploads
from tests.keys import key_vectors

# Times are printed; only what takes this long is a failure of a test.
HANG_SECONDS = 5
TARGET_SECONDS = 0.05
_BLOCK = re.compile(r"-----BEGIN CERTIFICATE REQUEST-----\n[A-Za-z0-9+/=\n]+-----END CERTIFICATE REQUEST-----\n")
_NAME = re.compile(r"[A-Za-z0-9. ]{3,200}")


@dataclass
class Report:
    """What came of a campaign: how often each outcome, the slowest attempt in seconds, and how many were slow."""

    name: str
    seed: int
    outcomes: Counter[str] = field(default_factory=Counter)
    slowest: float = 0
    slowest_number: int = 0
    slow: int = 0
    slow_again: int = 0
    seconds: float = 0

    def __str__(self) -> str:
        count = self.outcomes.total()
        counts = ", ".join(f"{number:,} {outcome}" for outcome, number in self.outcomes.most_common())
        return (
            f"{self.name}: {count:,} in {self.seconds:.1f} s ({count / self.seconds:,.0f}/s), seed {self.seed}; "
            f"slowest {self.slowest * 1000:.1f} ms (number {self.slowest_number}), "
            f"{self.slow} above {TARGET_SECONDS * 1000:.0f} ms, {self.slow_again} of them when repeated\n    {counts}"
        )


class Failed(AssertionError):
    """An attempt that must not be: its seed and number repeat it."""


@dataclass(frozen=True)
class Attempt:
    """How an input is made, and what is done with it; the answer is a word for the outcome. Only the doing is timed."""

    make: Callable[[random.Random], Any]
    judge: Callable[[Any], str]


def campaign(name: str, seed: int, count: int, attempt: Attempt, first: int = 0) -> Report:
    """Attempt `count` times. Whatever judging raises is a failure."""
    report, began = Report(name, seed), time.perf_counter()
    for number in range(first, first + count):
        made = attempt.make(random.Random(f"{seed}/{name}/{number}"))
        # The processor's time: on a busy machine the clock on the wall says more about the neighbors.
        started, on_the_wall = time.thread_time(), time.perf_counter()
        try:
            report.outcomes[attempt.judge(made)] += 1
        except BaseException as error:  # a panic in the library's Rust is no Exception
            what = f"{type(error).__name__}: {ascii(error)[:300]}"
            raise Failed(f"{name}: seed {seed}, number {number}: {what}") from error
        if time.perf_counter() - on_the_wall > HANG_SECONDS:
            raise Failed(f"{name}: seed {seed}, number {number}: took more than {HANG_SECONDS} s")
        took = time.thread_time() - started
        if took > TARGET_SECONDS:
            report.slow += 1
            report.slow_again += _repeated(attempt, made) > TARGET_SECONDS
        if took > report.slowest:
            report.slowest, report.slowest_number = took, number
    report.seconds = time.perf_counter() - began
    return report


def _repeated(attempt: Attempt, made: Any) -> float:
    """What the input costs once more, most likely without the garbage collection that came in between."""
    started = time.thread_time()
    attempt.judge(made)
    return time.thread_time() - started


@functools.cache
def seeds() -> list[tuple[bytes, Any]]:
    """Sound and flawed requests of each kind, with the keys that sign them."""
    p256, p384 = make_private_key(), ec.generate_private_key(ec.SECP384R1())
    rsa_key = rsa.generate_private_key(65537, 2048)
    password = raw_csr.attribute(raw_csr.CHALLENGE_PASSWORD, raw_csr.tlv(0x0C, b"secret"))
    san = raw_csr.extension(x509.SubjectAlternativeName([x509.DNSName("edge.example")]))
    rights = raw_csr.extension(usage(key_cert_sign=True))
    pems = [
        (make_csr(p256), p256),
        (make_csr(p384, extensions=[(usage(digital_signature=True), True)]), p384),
        (make_csr(rsa_key), rsa_key),
        (raw_csr.requesting(p256, [CA, NOT_CA], [NOT_CA]), p256),
        (raw_csr.requesting(p256, [NOT_CA, san]), p256),
        (raw_csr.requesting(p256, [san, rights]), p256),
        (raw_csr.requesting(p256, [CA]), p256),
        (raw_csr.request(p256, password, subject=raw_csr.common_name("a", "b")), p256),
    ]
    return [(der_of(pem), key) for pem, key in [*pems, *((odd.text, parts.key()) for odd in _plain())]]


def _plain() -> list[parts.Example]:
    """The odd requests that are one whole block, whatever is in it."""
    return [odd for odd in csr_examples.all_examples() if _BLOCK.fullmatch(odd.text) and odd.name != "cut base64"]


def random_csr(chance: random.Random) -> str:
    if chance.random() < 0.1:
        return mutations.mutated_text(chance, chance.choice(csr_examples.all_examples()).text)
    der, key = chance.choice(seeds())
    der = mutations.mutated_der(chance, der)
    if chance.random() < 0.4:
        der = mutations.signed_again(der, key)
    return mutations.mutated_pem(chance, der)


def judge_csr(pem: str) -> str:
    """A mutated CSR is accepted or refused with one of four codes, and what is said of it can be shown anywhere."""
    try:
        said = csr.judge(pem, 2048).ignored_extensions
    except Refused as refused:
        if refused.code not in CSR_CODES:
            raise
        require_fault(refused.fault)
        return refused.code
    if len(said) > csr_extensions.MOST_NAMED + 1 or not all(_NAME.fullmatch(name) for name in said):
        raise AssertionError(f"named {said!a}")
    return "accepted"


def require_fault(text: str) -> None:
    """A short sentence of printable ASCII."""
    if not (20 <= len(text) <= LONGEST_FAULT and text.isascii() and text.isprintable() and text[-1] in ".)"):
        raise AssertionError(f"said {text!a}")


def random_request(text: str, chance: random.Random) -> bytes:
    members: dict[str, object] = {"provisioning_key": text, "csr": random_csr(chance)}
    kind = chance.random()
    if kind < 0.15:
        members["provisioning_key"] = mutations.mutated_key(chance, text)
    if chance.random() < 0.2:
        members["trust_anchor_sha256"] = chance.choice([text, chance.randbytes(32).hex(), chance.randbytes(40).hex()])
    return json.dumps(members).encode() if kind < 0.6 else mutations.mutated_request(chance, members)


def post(client: Client, body: bytes) -> str:
    """A mutated request through the whole stack is answered 200, 201 or with a problem document of a known code."""
    # Nothing is to be refused by the rate limit: each is to be judged.
    rate_limit.unproved.reset()
    response = client.generic("POST", "/enrollment/v1/enroll", body, content_type="application/json", secure=True)
    if response.status_code in {200, 201}:
        return str(response.status_code)
    document = json.loads(response.content)
    code, status = document["code"], document["status"]
    if code in CSR_CODES:
        require_fault(document["detail"])
    if REFUSALS[code].status != status or response.status_code != status or status >= 500:
        raise AssertionError(f"answered {response.status_code} {code} to {body!r}")
    return str(code)


def random_key(domain: str, chance: random.Random) -> tuple[tokens.Token, str]:
    """A key, and its text as it may arrive, mutated or not."""
    original = tokens.Token(domain, chance.randbytes(16), chance.randbytes(32), chance.randbytes(32))
    kind = chance.random()
    text = chance.choice(list(key_vectors.read(original).values())) if kind < 0.3 else original.text
    return original, text if kind < 0.1 else mutations.mutated_key(chance, text)


def read_key(made: tuple[tokens.Token, str]) -> str:
    """Whatever is read of a mutated key text is the key that it was made from: no two keys collapse."""
    original, text = made
    try:
        token = tokens.read(text, {original.domain})
    except tokens.WrongCloud:
        return "wrong_cloud"
    except tokens.MalformedToken as fault:
        said, blob = str(fault), original.text.rpartition("|")[2]
        if not (said.isascii() and said.isprintable() and len(said) <= LONGEST_FAULT) or blob[30:36] in said:
            raise AssertionError(f"said {said!r}") from None
        return "malformed_key"
    if token != original:
        raise AssertionError(f"read {text!r}")
    return "accepted unchanged" if text == original.text else "accepted after canonicalization"


def attempts(client: Client, text: str, domain: str) -> dict[str, Attempt]:
    """The four campaigns. `text` is a key with uses left, `domain` the cloud domain of keys."""
    # What the first request loads is not the cost of a mutated one.
    post(client, json.dumps({"provisioning_key": text, "csr": make_csr()}).encode())
    return {
        "CSRs": Attempt(random_csr, judge_csr),
        "requests": Attempt(functools.partial(random_request, text), functools.partial(post, client)),
        "keys": Attempt(functools.partial(random_key, domain), read_key),
        "uploads": Attempt(uploads.random_upload, uploads.judge_upload),
    }
