"""The edge's key pair: generating, storing and reading it, and signing requests with it."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    # `cryptography` has it from version 40 on; the program also runs with older ones.
    from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

KeyPair = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def make_key_pair() -> KeyPair:
    """A fresh P-256 key pair."""
    return ec.generate_private_key(ec.SECP256R1())


def to_pem(key_pair: KeyPair) -> bytes:
    """PKCS #8 without a password, so that an edge can start unattended: the mode of the file protects it."""
    return key_pair.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def from_pem(content: bytes) -> KeyPair:
    """Read an EC or RSA key pair, which may come from another tool. Raises ValueError."""
    try:
        key_pair = load_pem_private_key(content, password=None)
    except (TypeError, UnsupportedAlgorithm) as error:
        raise ValueError(str(error)) from None
    if not isinstance(key_pair, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise ValueError("An edge's key is EC or RSA.")
    return key_pair


def spki(public_key: CertificatePublicKeyTypes) -> bytes:
    """The SubjectPublicKeyInfo (RFC 5280 §4.1), by which public keys are compared."""
    return public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def make_csr(key_pair: KeyPair) -> str:
    """A PKCS #10 request in PEM. Its subject is a constant, because the portal decides the identity."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "edge")])
    request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key_pair, hashes.SHA256())
    return request.public_bytes(Encoding.PEM).decode()


def sign(key_pair: KeyPair, text: str) -> str:
    """The signature of a renewal or heartbeat in base64: SHA-256, as `openssl dgst -sha256 -sign` makes it."""
    if isinstance(key_pair, rsa.RSAPrivateKey):
        signature = key_pair.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
    else:
        signature = key_pair.sign(text.encode(), ec.ECDSA(hashes.SHA256()))
    return base64.b64encode(signature).decode()
