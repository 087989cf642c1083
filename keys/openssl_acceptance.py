"""Whether verifiers accept what a stored CA signs. New ones were tried before they were stored, older ones were not."""

from __future__ import annotations

from datetime import datetime

from cryptography import x509

from keys import trust_anchors
from keys.crypto import authority_rules, openssl_verification
from keys.crypto.ca_certificates import Authority
from keys.crypto.uploaded_pem import PARSER_ERRORS
from keys.errors import BadCertificate
from keys.models import SigningCertificate


def flaw(record: SigningCertificate, now: datetime) -> str:
    """What the rules find in its chain, without its private key: a sentence, or nothing."""
    try:
        return _flaw(trust_anchors.chain_of(record), now, signs=record.sealed_with is not None)
    except PARSER_ERRORS:
        return "It, or a certificate above it, cannot be read: its row was damaged. Run manage.py verify_issued."


def flaw_of(authority: Authority, record: SigningCertificate, now: datetime) -> str:
    """Why OpenSSL refuses a throw-away certificate that `authority` signs, in the words of the rules if they know.

    Empty when OpenSSL accepts it, even if a later rule refuses it.
    """
    chain = trust_anchors.chain_of(record)
    found = openssl_verification.fault(Authority(chain[0], authority.private_key), chain[1:], now)
    return (_flaw(chain, now, signs=True) or str(found)) if found else ""


def _flaw(chain: list[x509.Certificate], now: datetime, *, signs: bool) -> str:
    try:
        authority_rules.judge_chain(chain, now, signs=signs)
    except BadCertificate as refused:
        return str(refused)
    return ""
