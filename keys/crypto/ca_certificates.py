"""Making CA certificates: roots and intermediates with their private keys. Pure: no Django, no database.

The certificates of edges are made in `enrollment.pki.issuance`.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
BACKDATED = timedelta(hours=24)
# Bytes in UTF-8: X.520 allows 64 characters, and the library counts bytes.
LONGEST_COMMON_NAME = 64
# Certificates from the one that signs edges up to its root, both included. The portal stores and an edge accepts no
# longer chain (docs/certificates.md).
LONGEST_CHAIN = 10
ISSUER_MUST_LIVE = timedelta(days=1)

KEY_TYPES: dict[str, Callable[[], PrivateKey]] = {
    "EC P-256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "EC P-384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "RSA 3072": lambda: rsa.generate_private_key(65537, 3072),
    "RSA 4096": lambda: rsa.generate_private_key(65537, 4096),
}


@dataclass(frozen=True, slots=True)
class Authority:
    """A CA certificate and its private key, in memory."""

    certificate: x509.Certificate
    private_key: PrivateKey = field(repr=False)


def random_serial() -> int:
    """A positive serial of 19 bytes with 150 random bits. The first byte is 0x40 to 0x7f."""
    return int.from_bytes(bytes([0x40 | secrets.randbits(6)]) + secrets.token_bytes(18))


def make_authority(
    common_name: str,
    organization: str,
    *,
    now: datetime,
    days: int,
    key_type: str = "EC P-256",
    parent: Authority | None = None,
) -> Authority:
    """Make a root, or an intermediate signed by `parent` and valid within its validity. `now` is in UTC.

    The validity starts a day ago, as that of the vendor's certificates does, for machines whose clock is behind. Raises
    ValueError for a common name that is empty or longer than 64 bytes.
    """
    private_key = KEY_TYPES[key_type]()
    subject = _subject(common_name, organization)
    not_before, not_after = now - BACKDATED, now + timedelta(days=days)
    if parent:
        # The validity starts now at the latest. The caller refuses a parent that is not valid yet.
        not_before = max(not_before, min(parent.certificate.not_valid_before_utc, now))
        not_after = min(not_after, parent.certificate.not_valid_after_utc)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(parent.certificate.subject if parent else subject)
        .public_key(private_key.public_key())
        .serial_number(random_serial())
        .not_valid_before(not_before)
        .not_valid_after(not_after)
    )
    builder = _extend(builder, private_key, parent)
    signer = parent.private_key if parent else private_key
    return Authority(builder.sign(signer, signature_hash(signer)), private_key)


def make_request(
    common_name: str, organization: str, key_type: str
) -> tuple[x509.CertificateSigningRequest, PrivateKey]:
    """Make a CSR for a CA that an external CA signs, and its private key. It requests the extensions of a CA."""
    private_key = KEY_TYPES[key_type]()
    request = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(_subject(common_name, organization))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(private_key.public_key()), critical=False)
        .sign(private_key, signature_hash(private_key))
    )
    return request, private_key


def _subject(common_name: str, organization: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "Private Access"),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _extend(
    builder: x509.CertificateBuilder, private_key: PrivateKey, parent: Authority | None
) -> x509.CertificateBuilder:
    identifier = x509.SubjectKeyIdentifier.from_public_key(private_key.public_key())
    builder = (
        # An intermediate signs edges, not another CA.
        builder.add_extension(x509.BasicConstraints(ca=True, path_length=0 if parent else None), critical=True)
        .add_extension(_key_usage(), critical=True)
        .add_extension(identifier, critical=False)
    )
    if parent:
        issuer = parent.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        authority = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(issuer)
        builder = builder.add_extension(authority, critical=False)
    return builder


def _key_usage() -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )


def may_sign(first: datetime, last: datetime, now: datetime) -> bool:
    """Whether an issuer that is valid from `first` to `last` signs now: it is valid, and for at least another day."""
    return first <= now and last - now >= ISSUER_MUST_LIVE


def signature_hash(private_key: PrivateKey) -> hashes.SHA256 | hashes.SHA384:
    """SHA-384 for P-384, else SHA-256: the hash matches the strength of the key (RFC 5480 §4)."""
    is_p384 = isinstance(private_key, ec.EllipticCurvePrivateKey) and private_key.curve.name == "secp384r1"
    return hashes.SHA384() if is_p384 else hashes.SHA256()


def key_type_of(certificate: x509.Certificate | x509.CertificateSigningRequest) -> str:
    """The key's type for a person, such as `EC P-256` or `RSA 3072`."""
    key = certificate.public_key()
    if isinstance(key, ec.EllipticCurvePublicKey):
        return "EC " + {"secp256r1": "P-256", "secp384r1": "P-384"}.get(key.curve.name, key.curve.name)
    return f"RSA {key.key_size}" if isinstance(key, rsa.RSAPublicKey) else type(key).__name__


def spki_sha256(certificate: x509.Certificate) -> bytes:
    """The SHA-256 of the SubjectPublicKeyInfo: the pin in key texts."""
    encoding, form = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    digest = hashes.Hash(hashes.SHA256())
    digest.update(certificate.public_key().public_bytes(encoding, form))
    return digest.finalize()


def private_key_der(private_key: PrivateKey) -> bytes:
    """The private key in PKCS #8, not encrypted. Only `sealing.seal` may get it."""
    return private_key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def load_private_key(der: bytes) -> PrivateKey:
    """Load the private key of a CA from PKCS #8. Raises ValueError for a key that is neither EC nor RSA."""
    key = serialization.load_der_private_key(der, password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise ValueError("A CA key must be EC or RSA.")
    return key
