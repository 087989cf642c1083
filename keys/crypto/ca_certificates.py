"""Making CA certificates: roots and intermediates with their private keys. Pure: no Django, no database.

What these certificates sign for edges is made in `enrollment.pki.issuance`.
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
# Bytes in UTF-8; X.520 says 64 characters, and the library counts bytes.
LONGEST_COMMON_NAME = 64
# From the certificate that signs edges up to its root, both counted: the longest that the portal stores and an edge
# reads (docs/certificates.md).
LONGEST_CHAIN = 10

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
    """A positive 19-byte serial with 150 random bits: the first byte is 0x40 to 0x7f."""
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
    """A root, or an intermediate signed by `parent` whose validity lies within its. `now` is in UTC.

    Backdated by a day, as the vendor's are, for machines whose clock is behind. Raises ValueError for a common name
    that is empty or longer than 64 bytes.
    """
    private_key = KEY_TYPES[key_type]()
    subject = _subject(common_name, organization)
    not_before, not_after = now - BACKDATED, now + timedelta(days=days)
    if parent:
        # No later than now: a parent that begins after it is refused by whoever asks for this.
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
    """A CSR for a CA of ours that another CA will sign, and its private key. It asks for what a CA needs."""
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
        # An intermediate signs edges, never another CA.
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


def signature_hash(private_key: PrivateKey) -> hashes.SHA256 | hashes.SHA384:
    """SHA-384 for P-384, else SHA-256: the hash matches the strength of the key (RFC 5480 §4)."""
    is_p384 = isinstance(private_key, ec.EllipticCurvePrivateKey) and private_key.curve.name == "secp384r1"
    return hashes.SHA384() if is_p384 else hashes.SHA256()


def key_type_of(certificate: x509.Certificate | x509.CertificateSigningRequest) -> str:
    """The key as a person reads it: `EC P-256`, `RSA 3072`."""
    key = certificate.public_key()
    if isinstance(key, ec.EllipticCurvePublicKey):
        return "EC " + {"secp256r1": "P-256", "secp384r1": "P-384"}.get(key.curve.name, key.curve.name)
    return f"RSA {key.key_size}" if isinstance(key, rsa.RSAPublicKey) else type(key).__name__


def spki_sha256(certificate: x509.Certificate) -> bytes:
    """SHA-256 of the SubjectPublicKeyInfo: what a key text pins."""
    encoding, form = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    digest = hashes.Hash(hashes.SHA256())
    digest.update(certificate.public_key().public_bytes(encoding, form))
    return digest.finalize()


def private_key_der(private_key: PrivateKey) -> bytes:
    """PKCS#8, unencrypted: only ever handed to `sealing.seal`."""
    return private_key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def load_private_key(der: bytes) -> PrivateKey:
    """The private key of a CA; raises ValueError for any other kind of key."""
    key = serialization.load_der_private_key(der, password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise ValueError("A CA key must be EC or RSA.")
    return key
