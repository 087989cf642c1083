"""Certificates as PEM, read so that nothing is left to fail later."""

from __future__ import annotations

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding

# The library parses lazily: reading any part of a certificate can raise one of these.
PARSER_ERRORS = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)


def read_certificate(pem: bytes) -> x509.Certificate:
    """The first certificate in `pem`. Raises ValueError."""
    return read_certificates(pem)[0]


def read_certificates(pem: bytes) -> list[x509.Certificate]:
    """All certificates in `pem`, at least one. Raises ValueError."""
    try:
        certificates = x509.load_pem_x509_certificates(pem)
        for certificate in certificates:
            certificate.public_key()
            _ = certificate.subject, certificate.issuer, certificate.extensions
    except PARSER_ERRORS as error:
        raise ValueError(f"not a certificate: {error}") from None
    return certificates


def write_certificates(certificates: list[x509.Certificate]) -> bytes:
    """One block after the other."""
    return b"".join(certificate.public_bytes(Encoding.PEM) for certificate in certificates)
