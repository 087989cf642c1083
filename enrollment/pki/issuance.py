"""Identity + public key + issuer + profile -> certificate, checked against the profile before it is released. Pure.

CA certificates themselves are made in `keys.crypto.ca_certificates`.
"""

from __future__ import annotations

import functools
import hashlib
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from enrollment.pki import profile
from enrollment.pki.key_policy import PublicKey
from keys.crypto.ca_certificates import PrivateKey, random_serial, signature_hash, spki_sha256

ISSUER_MUST_LIVE = timedelta(days=1)


class ProfileViolation(Exception):
    """A signed certificate differs from its profile; it must not leave the process."""


@dataclass(frozen=True)  # without slots: its cached properties need a place
class Issuer:
    """A signing certificate in memory, with what each of its answers repeats."""

    id: int
    name: str
    certificate: x509.Certificate
    private_key: PrivateKey = field(repr=False)
    chain: tuple[str, ...]
    trust_anchor: str
    fingerprint: str
    authority_keys: frozenset[str]
    crl_url: str
    certificate_url: str

    @functools.cached_property
    def not_after(self) -> datetime:
        return self.certificate.not_valid_after_utc

    @functools.cached_property
    def not_before(self) -> datetime:
        return self.certificate.not_valid_before_utc

    @functools.cached_property
    def trust_anchor_sha256(self) -> str:
        """SHA-256 (hex) of the public key of its root, as key texts pin it."""
        return pin_of(self.trust_anchor)

    @functools.cached_property
    def extensions(self) -> tuple[profile.Extension, ...]:
        """The extensions that are the same in each certificate it signs."""
        return profile.issuer_extensions(self.certificate, self.crl_url, self.certificate_url)


@dataclass(frozen=True)  # as above
class Identity:
    """Who the portal says the edge is."""

    edge: uuid.UUID
    organization: str
    unit: str
    domain: str

    @property
    def uri(self) -> str:
        return profile.edge_uri(self.domain, str(self.edge))

    @functools.cached_property
    def subject(self) -> x509.Name:
        return profile.subject_of(self.organization, self.unit, str(self.edge))


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate ready to be recorded and sent."""

    der: bytes
    pem: str
    serial: str
    fingerprint: str
    not_before: datetime
    not_after: datetime


def pin_of(trust_anchor: str) -> str:
    """SHA-256 (hex) of the public key of a root in PEM."""
    return spki_sha256(x509.load_pem_x509_certificate(trust_anchor.encode())).hex()


def may_sign(first: datetime, last: datetime, now: datetime) -> bool:
    """Whether an issuer valid from `first` to `last` signs now: it is valid already, and has at least a day left."""
    return first <= now and last - now >= ISSUER_MUST_LIVE


def issue(key: PublicKey, identity: Identity, issuer: Issuer, lifetime: timedelta, now: datetime) -> Issued:
    """Sign a client certificate valid from five minutes ago for `lifetime`, never outside its issuer's own period.

    Raises ProfileViolation when the result is not what the profile says.
    """
    issuers_own = (issuer.not_before, issuer.not_after)
    expected = _expected(key, identity, issuer, profile.period(lifetime, issuers_own, now.replace(microsecond=0)))
    builder = (
        x509.CertificateBuilder()
        .subject_name(expected.subject)
        .issuer_name(issuer.certificate.subject)
        .public_key(key)
        .serial_number(random_serial())
        .not_valid_before(expected.period[0])
        .not_valid_after(expected.period[1])
    )
    for value, critical in expected.extensions:
        builder = builder.add_extension(value, critical)
    signed = builder.sign(issuer.private_key, signature_hash(issuer.private_key))
    der = signed.public_bytes(Encoding.DER)
    _require_profile(der, expected)
    return Issued(
        der=der,
        pem=signed.public_bytes(Encoding.PEM).decode(),
        serial=f"{signed.serial_number:x}",
        fingerprint=hashlib.sha256(der).hexdigest(),
        not_before=expected.period[0],
        not_after=expected.period[1],
    )


def _expected(
    key: PublicKey, identity: Identity, issuer: Issuer, period: tuple[datetime, datetime]
) -> profile.Expected:
    extensions = [*issuer.extensions, *profile.edge_extensions(key, identity.uri)]
    return profile.Expected(identity.subject, key, issuer.certificate, period, extensions)


def _require_profile(der: bytes, expected: profile.Expected) -> None:
    """Read the signed bytes back and compare each field: what leaves is what was meant."""
    found = list(profile.faults(der, expected))
    if found:
        raise ProfileViolation(f"The signed certificate does not match the edge profile: {', '.join(found)}.")
