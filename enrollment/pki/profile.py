"""The profile of an edge's certificate, field by field, and the comparison of a signed certificate with it. Pure.

`enrollment.pki.issuance` compares before a certificate is released, `enrollment.verifying` afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import (
    AuthorityInformationAccessOID,
    ExtendedKeyUsageOID,
    NameOID,
    SignatureAlgorithmOID,
)

from enrollment.pki.key_policy import PublicKey

# Bytes. The largest certificate, RSA 4096 signed by RSA 4096, takes half of it.
LARGEST_DER = 4096
# Clocks of verifiers may be behind.
BACKDATED = timedelta(minutes=5)
# The highest EDGE_CERTIFICATE_DAYS that any version allowed.
LONGEST_LIFE = timedelta(days=397)
_ONE_SECOND = timedelta(seconds=1)
Extension = tuple[x509.ExtensionType, bool]

# The hash is as strong as the key (RFC 5480 §4).
_ALGORITHMS = {
    "secp256r1": SignatureAlgorithmOID.ECDSA_WITH_SHA256,
    "secp384r1": SignatureAlgorithmOID.ECDSA_WITH_SHA384,
}
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


@dataclass(frozen=True, slots=True)
class Expected:
    """The fields of one certificate. `period` holds its first and its last valid second."""

    subject: x509.Name
    public_key: PublicKey
    issuer: x509.Certificate
    period: tuple[datetime, datetime]
    extensions: list[Extension]


def subject_of(organization: str, unit: str, edge: str) -> x509.Name:
    """The subject: O is the customer, OU the group's id and CN the edge's UUID."""
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, unit),
            x509.NameAttribute(NameOID.COMMON_NAME, edge),
        ]
    )


def edge_uri(domain: str, edge: str) -> str:
    """The URI that names the edge with this UUID in its certificate."""
    return f"https://{domain}/edges/{edge}"


def period(lifetime: timedelta, issuers_own: tuple[datetime, datetime], now: datetime) -> tuple[datetime, datetime]:
    """The validity for `lifetime` (EDGE_CERTIFICATE_DAYS). It starts five minutes ago, because clocks differ.

    It stays within the issuer's, `issuers_own`.
    """
    # Both ends of the period are valid seconds (RFC 5280 §4.1.2.5), hence one less.
    return max(now - BACKDATED, issuers_own[0]), min(now + lifetime - _ONE_SECOND, issuers_own[1])


def issuer_extensions(issuer: x509.Certificate, crl_url: str, certificate_url: str) -> tuple[Extension, ...]:
    """The extensions that are the same in each certificate of an issuer. Each has a flag: whether it is critical."""
    crl = x509.DistributionPoint([x509.UniformResourceIdentifier(crl_url)], None, None, None)
    address = x509.UniformResourceIdentifier(certificate_url)
    return (
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (_DIGITAL_SIGNATURE, True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), False),
        (authority_identifier(issuer), False),
        (x509.CRLDistributionPoints([crl]), False),
        (
            x509.AuthorityInformationAccess(
                [x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, address)]
            ),
            False,
        ),
    )


def authority_identifier(issuer: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    """The extension that names the issuer's key in each certificate and list that it signs (RFC 5280 §4.2.1.1)."""
    try:
        found = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    except x509.ExtensionNotFound:
        # A CA that was not made by the portal may lack the extension.
        found = x509.SubjectKeyIdentifier.from_public_key(issuer.public_key())
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(found)


def edge_extensions(key: PublicKey, uri: str) -> tuple[Extension, ...]:
    """The extensions that name the edge: its URI and its key."""
    return (
        (x509.SubjectAlternativeName([x509.UniformResourceIdentifier(uri)]), False),
        (x509.SubjectKeyIdentifier.from_public_key(key), False),
    )


def faults(der: bytes, expected: Expected) -> Iterator[str]:
    """Parse a signed certificate and yield the name of each field that differs from `expected`."""
    try:
        certificate = x509.load_der_x509_certificate(der)
        found = [(extension.value, extension.critical) for extension in certificate.extensions]
        public_key = certificate.public_key()
    except (ValueError, TypeError, x509.DuplicateExtension):
        yield "encoding"
        return
    first, last = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    holds = {
        "size": len(der) <= LARGEST_DER,
        "version": certificate.version is x509.Version.v3,
        # As `random_serial` makes it: 19 bytes, of which the first is 0x40 to 0x7f.
        "serial": 0x40 <= certificate.serial_number >> 144 <= 0x7F,
        "subject": certificate.subject == expected.subject,
        "issuer": certificate.issuer == expected.issuer.subject,
        "public key": public_key == expected.public_key,
        "validity": (first, last) == expected.period and first < last,
        "validity within the issuer's": (
            expected.issuer.not_valid_before_utc <= first and last <= expected.issuer.not_valid_after_utc
        ),
        "extensions": found == expected.extensions,
        "signature algorithm": certificate.signature_algorithm_oid == algorithm_of(expected.issuer),
    }
    yield from (name for name, is_as_expected in holds.items() if not is_as_expected)
    try:
        certificate.verify_directly_issued_by(expected.issuer)
    except (InvalidSignature, ValueError, TypeError):
        yield "signature"


def algorithm_of(issuer: x509.Certificate) -> x509.ObjectIdentifier | None:
    """The only algorithm that an issuer signs with, or None for a key that signs no edges."""
    key = issuer.public_key()
    if isinstance(key, ec.EllipticCurvePublicKey):
        return _ALGORITHMS.get(key.curve.name)
    return SignatureAlgorithmOID.RSA_WITH_SHA256 if isinstance(key, rsa.RSAPublicKey) else None
