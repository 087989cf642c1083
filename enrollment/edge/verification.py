"""Checking that a certificate is for the edge's own key pair and below the root that the provisioning key names.

Pure functions: nothing is read from the disk, sent or stored.
"""

from __future__ import annotations

import hmac
import itertools
from collections.abc import Sequence
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.x509.oid import NameOID

from enrollment.edge.answer import Answer
from enrollment.edge.key_pair import spki
from enrollment.edge.outcomes import TRY_LATER, Stop
from enrollment.edge.pem import PARSER_ERRORS, not_after, not_before, require_issued_by
from keys.crypto.ca_certificates import spki_sha256

_NO_AUTHORITY = "A certificate in the chain is not that of an authority."


class Untrusted(Stop):
    """The portal's answer fails a check; nothing of it is stored."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason, waited_out=True)

    def __str__(self) -> str:
        return f"{super().__str__()} Nothing was stored."


class NotYetValid(Untrusted):
    """A certificate is not valid yet: this machine's clock is behind, or the portal's is ahead."""

    exit_code = TRY_LATER


def require_trust(answer: Answer, pin: bytes, public_key: bytes, now: datetime) -> None:
    """Check an answer against the key's pin (SHA-256) and the edge's public key (SubjectPublicKeyInfo, DER).

    Raises Untrusted.
    """
    try:
        _require_anchor(answer.trust_anchor, pin)
        require_path([answer.certificate, *answer.chain, answer.trust_anchor], now)
        if spki(answer.certificate.public_key()) != public_key:
            raise Untrusted("The portal sent a certificate for another key pair.")
        if common_names(answer.certificate) != [answer.edge["id"]]:
            raise Untrusted("The portal sent the certificate of another edge.")
    except PARSER_ERRORS:
        raise Untrusted("The portal sent a certificate that cannot be read.") from None


def _require_anchor(anchor: x509.Certificate, pin: bytes) -> None:
    found = spki_sha256(anchor)
    if not hmac.compare_digest(found, pin):
        raise Untrusted(
            "The portal's trust anchor is not the one that the provisioning key names "
            f"(SHA-256 {found.hex()[:16]}..., the key names {pin.hex()[:16]}...). The key belongs to another portal, "
            "or another server answers in its place. Inform an administrator, who replaces the key."
        )


def require_path(path: Sequence[x509.Certificate], now: datetime) -> None:
    """Check that each certificate is valid now and signed by the next, which is a CA. Raises Untrusted.

    Of the last one only the validity is checked: the caller knows why it is trusted.
    """
    for certificate in path:
        if now < not_before(certificate):
            raise NotYetValid("A certificate of the portal is not valid yet. Check the clock of this machine.")
        if now > not_after(certificate):
            raise Untrusted("A certificate of the portal has expired. Check the clock of this machine.")
    for depth, (certificate, issuer) in enumerate(itertools.pairwise(path)):
        _require_authority(issuer, below=depth)
        try:
            require_issued_by(certificate, issuer)
        except (InvalidSignature, *PARSER_ERRORS):
            raise Untrusted("The certificate does not chain to the trust anchor that came with it.") from None


def _require_authority(certificate: x509.Certificate, *, below: int) -> None:
    """Check for a CA that may sign certificates, with `below` CAs between it and the edge's certificate."""
    try:
        limits = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
    except x509.ExtensionNotFound:
        raise Untrusted(_NO_AUTHORITY) from None
    if not limits.ca or not _may_sign(certificate):
        raise Untrusted(_NO_AUTHORITY)
    if limits.path_length is not None and limits.path_length < below:
        raise Untrusted("The chain is longer than one of its authorities allows.")


def _may_sign(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign
    except x509.ExtensionNotFound:
        return True


def common_names(certificate: x509.Certificate) -> list[str]:
    """The common names of the subject. An edge's certificate has one, the edge's UUID."""
    return [str(attribute.value) for attribute in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
