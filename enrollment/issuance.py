"""Identity + public key + issuer + profile -> certificate, checked against the profile before it is released. Pure.

CA certificates themselves are made in `keys.certificates`.
"""

from __future__ import annotations

import functools
import hashlib
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from enrollment.key_policy import PublicKey
from keys.certificates import PrivateKey, random_serial, signature_hash

BACKDATED = timedelta(minutes=5)
ISSUER_MUST_LIVE = timedelta(days=1)
ONE_SECOND = timedelta(seconds=1)
Extension = tuple[x509.ExtensionType, bool]


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
    def extensions(self) -> tuple[Extension, ...]:
        """The extensions that are the same in each certificate it signs."""
        identifier = self.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        crl = x509.DistributionPoint([x509.UniformResourceIdentifier(self.crl_url)], None, None, None)
        access = x509.AccessDescription(
            AuthorityInformationAccessOID.CA_ISSUERS, x509.UniformResourceIdentifier(self.certificate_url)
        )
        return (
            (x509.BasicConstraints(ca=False, path_length=None), True),
            (_DIGITAL_SIGNATURE, True),
            (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), False),
            (x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), False),
            (x509.CRLDistributionPoints([crl]), False),
            (x509.AuthorityInformationAccess([access]), False),
        )


@dataclass(frozen=True)  # as above
class Identity:
    """Who the portal says the edge is."""

    edge: uuid.UUID
    organization: str
    unit: str
    domain: str

    @property
    def uri(self) -> str:
        return f"https://{self.domain}/edges/{self.edge}"

    @functools.cached_property
    def subject(self) -> x509.Name:
        return x509.Name(
            [
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, self.organization),
                x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, self.unit),
                x509.NameAttribute(NameOID.COMMON_NAME, str(self.edge)),
            ]
        )


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate ready to be recorded and sent."""

    der: bytes
    pem: str
    serial: str
    fingerprint: str
    not_before: datetime
    not_after: datetime


def issue(key: PublicKey, identity: Identity, issuer: Issuer, lifetime: timedelta, now: datetime) -> Issued:
    """Sign a client certificate valid from five minutes ago for `lifetime`, never beyond its issuer.

    Raises ProfileViolation when the result is not what the profile says.
    """
    now = now.replace(microsecond=0)
    # Both ends of the period are valid seconds (RFC 5280 §4.1.2.5), hence one less.
    not_after = min(now + lifetime - ONE_SECOND, issuer.not_after)
    builder = (
        x509.CertificateBuilder()
        .subject_name(identity.subject)
        .issuer_name(issuer.certificate.subject)
        .public_key(key)
        .serial_number(random_serial())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(not_after)
    )
    expected = _extensions(key, identity, issuer)
    for value, critical in expected:
        builder = builder.add_extension(value, critical)
    signed = builder.sign(issuer.private_key, signature_hash(issuer.private_key))
    der = signed.public_bytes(Encoding.DER)
    _require_profile(der, key, identity, issuer, (now - BACKDATED, not_after), expected)
    return Issued(
        der=der,
        pem=signed.public_bytes(Encoding.PEM).decode(),
        serial=f"{signed.serial_number:x}",
        fingerprint=hashlib.sha256(der).hexdigest(),
        not_before=now - BACKDATED,
        not_after=not_after,
    )


def _extensions(key: PublicKey, identity: Identity, issuer: Issuer) -> list[Extension]:
    return [
        *issuer.extensions,
        (x509.SubjectAlternativeName([x509.UniformResourceIdentifier(identity.uri)]), False),
        (x509.SubjectKeyIdentifier.from_public_key(key), False),
    ]


_DIGITAL_SIGNATURE = x509.KeyUsage(
    digital_signature=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=False,
    crl_sign=False,
    encipher_only=False,
    decipher_only=False,
)


def _require_profile(
    der: bytes,
    key: PublicKey,
    identity: Identity,
    issuer: Issuer,
    period: tuple[datetime, datetime],
    expected: list[Extension],
) -> None:
    """Read the signed bytes back and compare each field: what leaves is what was meant."""
    certificate = x509.load_der_x509_certificate(der)
    serial = certificate.serial_number.to_bytes(20)
    holds = (
        certificate.version is x509.Version.v3
        and certificate.subject == identity.subject
        and certificate.issuer == issuer.certificate.subject
        and certificate.public_key() == key
        and serial[0] == 0
        and 0x40 <= serial[1] <= 0x7F
        and (certificate.not_valid_before_utc, certificate.not_valid_after_utc) == period
        and certificate.not_valid_after_utc <= issuer.not_after
        and [(found.value, found.critical) for found in certificate.extensions] == expected
    )
    if not holds:
        raise ProfileViolation("The signed certificate does not match the edge profile.")
