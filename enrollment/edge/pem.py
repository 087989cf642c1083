"""Reading and writing certificates as PEM. What the edge uses of a certificate is parsed at once.

Works with `cryptography` from 38 on, which Debian 12 has; the portal itself needs a newer one.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding

# The library parses lazily: reading any part of a certificate can raise one of these.
PARSER_ERRORS = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
    KeyError,  # a TLS feature that it does not know
)
_BLOCK = re.compile(rb"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)


def read_certificate(pem: bytes) -> x509.Certificate:
    """The first certificate in `pem`. Raises ValueError."""
    return read_certificates(pem)[0]


def read_certificates(pem: bytes) -> list[x509.Certificate]:
    """All certificates in `pem`, at least one. Raises ValueError."""
    try:
        certificates = [x509.load_pem_x509_certificate(block) for block in _BLOCK.findall(pem)]
        if not certificates:
            raise ValueError("no certificate")
        for certificate in certificates:
            certificate.public_key()
            _ = certificate.subject, certificate.issuer, certificate.extensions
    except PARSER_ERRORS as error:
        raise ValueError(f"not a certificate: {error}") from None
    return certificates


def write_certificates(certificates: list[x509.Certificate]) -> bytes:
    """The certificates as PEM blocks, one after the other."""
    return b"".join(certificate.public_bytes(Encoding.PEM) for certificate in certificates)


def not_before(certificate: Any) -> datetime:
    """The first moment of a certificate's validity, in UTC.

    The parameter is Any, because the type stubs know only the newest version of the library.
    """
    early = getattr(certificate, "not_valid_before_utc", None)
    moment: datetime = early or certificate.not_valid_before.replace(tzinfo=UTC)
    return moment


def not_after(certificate: Any) -> datetime:
    """The last moment of a certificate's validity, in UTC."""
    late = getattr(certificate, "not_valid_after_utc", None)
    moment: datetime = late or certificate.not_valid_after.replace(tzinfo=UTC)
    return moment


def require_issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> None:
    """Raises InvalidSignature, or one of PARSER_ERRORS, unless `certificate` names `issuer` and is signed by it."""
    if hasattr(certificate, "verify_directly_issued_by"):
        certificate.verify_directly_issued_by(issuer)
    else:
        _require_issued_by(certificate, issuer)


def _require_issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> None:
    """`require_issued_by` for `cryptography` before 40, which has no such method."""
    key, algorithm = issuer.public_key(), certificate.signature_hash_algorithm
    signature, signed = certificate.signature, certificate.tbs_certificate_bytes
    if certificate.issuer != issuer.subject or algorithm is None:
        raise InvalidSignature
    if isinstance(key, ec.EllipticCurvePublicKey):
        key.verify(signature, signed, ec.ECDSA(algorithm))
    elif isinstance(key, rsa.RSAPublicKey):
        key.verify(signature, signed, padding.PKCS1v15(), algorithm)
    else:
        raise InvalidSignature
