"""Certificates of CAs made by others, good and bad, in PEM."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)


def usage(*, sign: bool = True, lists: bool = True) -> x509.KeyUsage:
    rest = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement")
    none = dict.fromkeys((*rest, "encipher_only", "decipher_only"), False)
    return x509.KeyUsage(**{**none, "digital_signature": not sign, "key_cert_sign": sign, "crl_sign": lists})


ANY_DEPTH = x509.BasicConstraints(ca=True, path_length=None)


@dataclass
class CA:
    """A certificate and its private key."""

    certificate: x509.Certificate
    key: Any

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        return self.encrypted(NoEncryption())

    def encrypted(self, encryption: KeySerializationEncryption | None = None) -> bytes:
        encryption = encryption or BestAvailableEncryption(b"a passphrase")
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)


def ca(
    name: str = "Corporate Root",
    parent: CA | None = None,
    *,
    key: Any = None,
    public_key: Any = None,
    days: tuple[float, float] = (-1, 365),
    constraints: x509.BasicConstraints | None = ANY_DEPTH,
    key_usage: x509.KeyUsage | None = None,
    no_usage: bool = False,
    no_identifier: bool = False,
    no_issuer_identifier: bool = False,
    critical: bool = True,
    more: tuple[tuple[x509.ExtensionType, bool], ...] = (),
    hashed: Any = None,
    subject: x509.Name | None = None,
    issuer_name: x509.Name | None = None,
    rsa_padding: Any = None,
) -> CA:
    """A CA as good as can be, unless an argument says what is wrong with it."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    if subject is None:
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer_name or (parent.certificate.subject if parent else subject))
        .public_key(public_key or key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=days[0]))
        .not_valid_after(now + timedelta(days=days[1]))
    )
    if constraints:
        builder = builder.add_extension(constraints, critical=critical)
    if not no_usage:
        builder = builder.add_extension(key_usage or usage(), critical=True)
    if not no_identifier:
        identifier = x509.SubjectKeyIdentifier.from_public_key(public_key or key.public_key())
        builder = builder.add_extension(identifier, critical=False)
    if parent and not no_issuer_identifier:
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(parent.certificate.public_key())
        builder = builder.add_extension(issuer, critical=False)
    for value, is_critical in more:
        builder = builder.add_extension(value, is_critical)
    signer = parent.key if parent else key
    if isinstance(signer, ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey):
        return CA(builder.sign(signer, None), key)
    return CA(builder.sign(signer, hashed or hashes.SHA256(), rsa_padding=rsa_padding), key)


def sign(request_pem: bytes, parent: CA, **fields: Any) -> CA:
    """What a corporate CA makes of a request."""
    request = x509.load_pem_x509_csr(request_pem)
    name = request.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value
    return ca(str(name), parent, public_key=request.public_key(), **fields)
