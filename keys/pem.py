"""Taking PEM apart: certificates and at most one private key, each fault by name. Pure: no Django, no database."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from keys.authority_rules import MOST_BITS
from keys.certificates import PrivateKey
from keys.errors import BadCertificate

MOST_CERTIFICATES = 10
MOST_BYTES = 64 * 1024
_BEGIN, _END = "-----BEGIN ", "-----END "
_CERTIFICATE_LABELS = ("CERTIFICATE", "X509 CERTIFICATE")


@dataclass(frozen=True, slots=True)
class Bundle:
    """What a PEM text held: certificates in its order, and the private key if there was one."""

    certificates: list[x509.Certificate]
    private_key: PrivateKey | None = field(default=None, repr=False)


def read(certificates: bytes, private_key: bytes = b"") -> Bundle:
    """Both texts together; the key may stand in either. Raises BadCertificate."""
    if len(certificates) > MOST_BYTES or len(private_key) > MOST_BYTES:
        raise BadCertificate("certificate_too_large", most=MOST_CERTIFICATES, kilobytes=MOST_BYTES // 1024)
    found = list(_blocks(certificates))
    parsed = [pem for label, pem in found if label in _CERTIFICATE_LABELS]
    if not parsed:
        raise BadCertificate("certificate_not_pem" if certificates[:1] == b"\x30" else "certificate_missing")
    if len(parsed) > MOST_CERTIFICATES:
        raise BadCertificate("certificate_too_large", most=MOST_CERTIFICATES, kilobytes=MOST_BYTES // 1024)
    keys = [block for block in [*found, *_blocks(private_key)] if block[0].endswith("PRIVATE KEY")]
    if len(keys) > 1:
        raise BadCertificate("key_repeated", "private_key")
    if private_key.strip() and not keys:
        raise BadCertificate("key_unreadable", "private_key")
    return Bundle(
        [_certificate(pem, number) for number, pem in enumerate(parsed, start=1)],
        _private_key(*keys[0]) if keys else None,
    )


def _blocks(text: bytes) -> Iterator[tuple[str, str]]:
    """The label and the text of each PEM block (RFC 7468); what stands between blocks is a comment."""
    label = ""
    lines: list[str] = []
    for line in text.decode("utf-8", errors="replace").splitlines():
        stripped = line.strip()
        if stripped.startswith(_BEGIN):
            label, lines = stripped.removeprefix(_BEGIN).rstrip("-"), []
        lines.append(stripped)
        if label and stripped.startswith(_END):
            yield label, "\n".join(lines) + "\n"
            label = ""


def _certificate(pem: str, number: int) -> x509.Certificate:
    try:
        certificate = x509.load_pem_x509_certificate(pem.encode())
        # These are parsed when they are first read.
        _ = (certificate.extensions, certificate.public_key(), certificate.signature_hash_algorithm)
        _ = (certificate.subject.rfc4514_string(), certificate.issuer.rfc4514_string())
        _ = (certificate.not_valid_before_utc, certificate.not_valid_after_utc)
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.DuplicateExtension, x509.InvalidVersion):
        raise BadCertificate("certificate_unreadable", number=number) from None
    except (x509.UnsupportedGeneralNameType, KeyError):
        # A KeyError is a TLS feature that the library does not know.
        raise BadCertificate("certificate_unreadable", number=number) from None
    return certificate


def _private_key(label: str, pem: str) -> PrivateKey:
    # Nothing of the text may reach an error, hence "from None" throughout.
    if label.startswith("ENCRYPTED") or "Proc-Type: 4,ENCRYPTED" in pem:
        raise BadCertificate("key_encrypted", "private_key")
    _require_size(_loaded(pem, unchecked=True))
    key = _loaded(pem)
    if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise BadCertificate("weak_key", "private_key", name="the private key", key=type(key).__name__, bits=3072)
    return key


def _loaded(pem: str, *, unchecked: bool = False) -> object:
    try:
        return serialization.load_pem_private_key(pem.encode(), None, unsafe_skip_rsa_key_validation=unchecked)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise BadCertificate("key_unreadable", "private_key") from None


def _require_size(key: object) -> None:
    """Before anything is computed with it: the primes of 16,384 bits are tested for minutes."""
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size > MOST_BITS:
        raise BadCertificate("key_too_large", "private_key", most=f"{MOST_BITS:,}")
