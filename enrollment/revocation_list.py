"""Issuer + revoked certificates -> CRL (RFC 5280 §5), read back before it is released. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from enrollment.issuance import BACKDATED, Issuer, ProfileViolation
from keys.certificates import signature_hash

VALID_FOR = timedelta(days=7)
# The reason code 0 is left out, as RFC 5280 §5.3.1 asks.
_UNSPECIFIED = "unspecified"


@dataclass(frozen=True, slots=True)
class Entry:
    """One revoked certificate: its serial, when it was revoked, and the word RFC 5280 §5.3.1 has for the reason."""

    serial: int
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class SignedList:
    """A CRL ready to be stored and published."""

    der: bytes
    number: int
    this_update: datetime
    next_update: datetime
    size: int


def sign(issuer: Issuer, number: int, entries: Iterable[Entry], now: datetime) -> SignedList:
    """A full CRL of the issuer, valid from five minutes ago (clocks differ) for seven days from `now`.

    Raises ProfileViolation when the signed bytes are not what was meant.
    """
    now = now.replace(microsecond=0)
    period = (now - BACKDATED, now + VALID_FOR)
    extensions = _extensions(issuer, number)
    revoked = [_entry(entry) for entry in entries]
    # Given at once: the builder copies its list for each certificate that is added.
    builder = x509.CertificateRevocationListBuilder(issuer.certificate.subject, revoked_certificates=revoked)
    builder = builder.last_update(period[0]).next_update(period[1])
    for value in extensions:
        builder = builder.add_extension(value, critical=False)
    signed = builder.sign(issuer.private_key, signature_hash(issuer.private_key))
    der = signed.public_bytes(Encoding.DER)
    _require_profile(der, issuer, period, extensions, len(revoked))
    return SignedList(der, number, *period, size=len(revoked))


def _entry(entry: Entry) -> x509.RevokedCertificate:
    builder = x509.RevokedCertificateBuilder().serial_number(entry.serial)
    builder = builder.revocation_date(entry.at.replace(microsecond=0))
    if entry.reason != _UNSPECIFIED:
        builder = builder.add_extension(x509.CRLReason(x509.ReasonFlags(entry.reason)), critical=False)
    return builder.build()


def _extensions(issuer: Issuer, number: int) -> list[x509.ExtensionType]:
    return [_authority(issuer.certificate), x509.CRLNumber(number)]


def _authority(certificate: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    except x509.ExtensionNotFound:
        # A CA that was not made here may have none.
        found = x509.SubjectKeyIdentifier.from_public_key(certificate.public_key())
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(found)


def _require_profile(
    der: bytes, issuer: Issuer, period: tuple[datetime, datetime], extensions: list[x509.ExtensionType], size: int
) -> None:
    signed = x509.load_der_x509_crl(der)
    holds = (
        signed.issuer == issuer.certificate.subject
        and (signed.last_update_utc, signed.next_update_utc) == period
        and [found.value for found in signed.extensions] == extensions
        and len(signed) == size
        and signed.is_signature_valid(issuer.certificate.public_key())  # type: ignore[arg-type]  # CA keys sign
    )
    if not holds:
        raise ProfileViolation("The signed revocation list does not match its profile.")
