"""Signing a revocation list (CRL, RFC 5280 §5). Each is parsed and compared before it is released. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from enrollment.pki.issuance import Issuer, ProfileViolation
from enrollment.pki.profile import BACKDATED, algorithm_of, authority_identifier
from keys.crypto.ca_certificates import signature_hash

VALID_FOR = timedelta(days=7)
# RFC 5280 §5.3.1: the extension is left out for this reason.
_UNSPECIFIED = "unspecified"


@dataclass(frozen=True, slots=True)
class Entry:
    """One revoked certificate: its serial, the time of the revocation, and the reason as RFC 5280 §5.3.1 names it."""

    serial: int
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class SignedList:
    """A CRL ready to be stored and published. `size` is the number of its entries."""

    der: bytes
    number: int
    this_update: datetime
    next_update: datetime
    size: int


@dataclass(frozen=True, slots=True)
class Expected:
    """The fields of one list. `period` holds thisUpdate and nextUpdate, `size` the number of its entries."""

    issuer: x509.Certificate
    number: int
    period: tuple[datetime, datetime]
    size: int


def sign(issuer: Issuer, number: int, entries: Iterable[Entry], now: datetime) -> SignedList:
    """Sign a full CRL of the issuer, valid until seven days from `now`. It starts five minutes ago as clocks differ.

    Raises ProfileViolation when the result differs from the profile or from `entries`.
    """
    now = now.replace(microsecond=0)
    period = (now - BACKDATED, now + VALID_FOR)
    extensions = _extensions(issuer.certificate, number)
    revoked = [_entry(entry) for entry in entries]
    # All entries at once, because the builder copies its list for each one that is added.
    builder = x509.CertificateRevocationListBuilder(issuer.certificate.subject, revoked_certificates=revoked)
    builder = builder.last_update(period[0]).next_update(period[1])
    for value in extensions:
        builder = builder.add_extension(value, critical=False)
    signed = builder.sign(issuer.private_key, signature_hash(issuer.private_key))
    der = signed.public_bytes(Encoding.DER)
    _require_profile(der, Expected(issuer.certificate, number, period, len(revoked)), revoked)
    return SignedList(der, number, *period, size=len(revoked))


def _entry(entry: Entry) -> x509.RevokedCertificate:
    builder = x509.RevokedCertificateBuilder().serial_number(entry.serial)
    builder = builder.revocation_date(entry.at.replace(microsecond=0))
    if entry.reason != _UNSPECIFIED:
        builder = builder.add_extension(x509.CRLReason(x509.ReasonFlags(entry.reason)), critical=False)
    return builder.build()


def _extensions(issuer: x509.Certificate, number: int) -> list[x509.ExtensionType]:
    return [authority_identifier(issuer), x509.CRLNumber(number)]


def faults(signed: x509.CertificateRevocationList, expected: Expected) -> Iterator[str]:
    """Yield the name of each field of a signed list that differs from `expected`."""
    issuer = expected.issuer
    extensions = [(value, False) for value in _extensions(issuer, expected.number)]
    holds = {
        "issuer": signed.issuer == issuer.subject,
        "validity": (signed.last_update_utc, signed.next_update_utc) == expected.period,
        "extensions": [(found.value, found.critical) for found in signed.extensions] == extensions,
        "size": len(signed) == expected.size,
        "signature algorithm": signed.signature_algorithm_oid == algorithm_of(issuer),
        "signature": signed.is_signature_valid(issuer.public_key()),  # type: ignore[arg-type]  # CA keys sign
    }
    yield from (name for name, is_as_expected in holds.items() if not is_as_expected)


def _require_profile(der: bytes, expected: Expected, entries: list[x509.RevokedCertificate]) -> None:
    signed = x509.load_der_x509_crl(der)
    differing = list(faults(signed, expected))
    if [*map(_fields, signed)] != [*map(_fields, entries)]:
        differing.append("entries")
    if differing:
        raise ProfileViolation(f"The signed revocation list does not match its profile: {', '.join(differing)}.")


def _fields(entry: x509.RevokedCertificate) -> tuple[int, datetime, list[tuple[x509.ExtensionType, bool]]]:
    extensions = [(extension.value, extension.critical) for extension in entry.extensions]
    return entry.serial_number, entry.revocation_date_utc, extensions
