"""Signing an edge's certificate. Each is compared with the profile before it is released. Pure.

CA certificates are made in `keys.crypto.ca_certificates`.
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


class ProfileViolation(Exception):
    """A signed certificate or revocation list differs from its profile and must not leave the process."""


@dataclass(frozen=True)  # without slots, because cached_property needs a __dict__
class Issuer:
    """A signing certificate in memory, with the values that each of its answers repeats.

    `chain` holds PEM certificates, from the issuer up to the one below the trust anchor; `authority_keys` the SHA-256
    (hex) of the public keys of the issuer and of those above it.
    """

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
        """The SHA-256 (hex) of the root's public key: the pin in key texts."""
        return pin_of(self.trust_anchor)

    @functools.cached_property
    def extensions(self) -> tuple[profile.Extension, ...]:
        """The extensions that are the same in each certificate it signs."""
        return profile.issuer_extensions(self.certificate, self.crl_url, self.certificate_url)


@dataclass(frozen=True)  # without slots, because cached_property needs a __dict__
class Identity:
    """The identity that the portal gives an edge. `unit` is the id of its group, `domain` the cloud domain."""

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
    """A certificate ready to be stored and sent. `serial` and `fingerprint` (SHA-256) are in hex."""

    der: bytes
    pem: str
    serial: str
    fingerprint: str
    not_before: datetime
    not_after: datetime


def pin_of(trust_anchor: str) -> str:
    """The SHA-256 (hex) of the public key of a root in PEM."""
    return spki_sha256(x509.load_pem_x509_certificate(trust_anchor.encode())).hex()


def issue(key: PublicKey, identity: Identity, issuer: Issuer, lifetime: timedelta, now: datetime) -> Issued:
    """Sign a client certificate for `lifetime`, which starts five minutes ago because clocks differ.

    The validity stays within the issuer's. Raises ProfileViolation when the result differs from the profile.
    """
    period = profile.period(lifetime, (issuer.not_before, issuer.not_after), now.replace(microsecond=0))
    extensions = [*issuer.extensions, *profile.edge_extensions(key, identity.uri)]
    expected = profile.Expected(identity.subject, key, issuer.certificate, period, extensions)
    builder = (
        x509.CertificateBuilder()
        .subject_name(expected.subject)
        .issuer_name(issuer.certificate.subject)
        .public_key(key)
        .serial_number(random_serial())
        .not_valid_before(period[0])
        .not_valid_after(period[1])
    )
    for value, critical in extensions:
        builder = builder.add_extension(value, critical)
    signed = builder.sign(issuer.private_key, signature_hash(issuer.private_key))
    der = signed.public_bytes(Encoding.DER)
    faults = list(profile.faults(der, expected))
    if faults:
        raise ProfileViolation(f"The signed certificate does not match the edge profile: {', '.join(faults)}.")
    return Issued(
        der=der,
        pem=signed.public_bytes(Encoding.PEM).decode(),
        serial=f"{signed.serial_number:x}",
        fingerprint=hashlib.sha256(der).hexdigest(),
        not_before=period[0],
        not_after=period[1],
    )
