"""What a CSR must satisfy. Pure. Only the public key leaves it: the portal decides the identity.

PKCS #10 is RFC 2986. The library parses lazily and leniently, so each way it can fail is caught here and each
leniency (text around the block, explicit curve parameters, duplicate attributes) is refused here.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509.oid import SignatureAlgorithmOID

from enrollment.errors import Refused
from enrollment.key_policy import PublicKey, is_acceptable, spki

LARGEST_DER = 4096
LONGEST_PEM = 16 * 1024
_PEM = re.compile(
    r"\s*-----BEGIN (NEW )?CERTIFICATE REQUEST-----[ \t]*\r?\n"
    r"([A-Za-z0-9+/=\s]+)"
    r"-----END (?(1)NEW )CERTIFICATE REQUEST-----\s*",
    re.ASCII,
)
_SIGNATURES = frozenset(
    {
        SignatureAlgorithmOID.ECDSA_WITH_SHA256,
        SignatureAlgorithmOID.ECDSA_WITH_SHA384,
        SignatureAlgorithmOID.ECDSA_WITH_SHA512,
        SignatureAlgorithmOID.RSA_WITH_SHA256,
        SignatureAlgorithmOID.RSA_WITH_SHA384,
        SignatureAlgorithmOID.RSA_WITH_SHA512,
    }
)
_MICROSOFT_EXTENSION_REQUEST = x509.ObjectIdentifier("1.3.6.1.4.1.311.2.1.14")
_EXTENSION_REQUESTS = frozenset({x509.ObjectIdentifier("1.2.840.113549.1.9.14"), _MICROSOFT_EXTENSION_REQUEST})
_IGNORED_EXTENSIONS = (x509.ExtendedKeyUsage, x509.SubjectKeyIdentifier)
# Everything cryptography was seen to raise on 200,000 mutated requests.
_PARSER_ERRORS = (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion, x509.DuplicateExtension)


@dataclass(frozen=True, slots=True)
class JudgedCSR:
    """The one thing taken from an acceptable CSR: its public key. `spki_sha256` (hex) identifies the key pair."""

    public_key: PublicKey
    spki_sha256: str


def judge(pem: str, rsa_minimum_bits: int, names: x509.SubjectAlternativeName | None = None) -> JudgedCSR:
    """Check a PEM request and return its public key.

    `names` are those the edge has already: asking for exactly them is no wish. RFC 7030 §4.2.2 wants renewals to.
    Raises Refused: csr_malformed, csr_key_rejected, csr_signature_invalid or csr_extension_not_allowed.
    """
    der = _single_block(pem)
    try:
        request = x509.load_der_x509_csr(der)
    except _PARSER_ERRORS:
        raise Refused("csr_malformed") from None
    key = _judge_key(request, rsa_minimum_bits)
    _judge_signature(request)
    _judge_extensions(request, names)
    return JudgedCSR(key, hashlib.sha256(spki(key)).hexdigest())


def _single_block(pem: str) -> bytes:
    match = _PEM.fullmatch(pem) if len(pem) <= LONGEST_PEM else None
    if match is None:
        raise Refused("csr_malformed")
    try:
        der = base64.b64decode("".join(match[2].split()), validate=True)
    except binascii.Error:
        raise Refused("csr_malformed") from None
    if len(der) > LARGEST_DER:
        raise Refused("csr_malformed")
    return der


def _judge_key(request: x509.CertificateSigningRequest, rsa_minimum_bits: int) -> PublicKey:
    try:
        key = request.public_key()
    except _PARSER_ERRORS:
        raise Refused("csr_key_rejected") from None
    # The request must hold the canonical encoding: explicit curve parameters and compressed points are other
    # spellings of a key, and one key must have one identity.
    if not is_acceptable(key, rsa_minimum_bits) or spki(key) != _key_as_sent(request.tbs_certrequest_bytes):
        raise Refused("csr_key_rejected")
    return key


def _key_as_sent(request_info: bytes) -> bytes:
    """The third element, after version and subject, of a structure that the library has parsed as DER."""
    start, _ = _bounds(request_info, 0)
    for _ in range(2):
        _, start = _bounds(request_info, start)
    _, end = _bounds(request_info, start)
    return request_info[start:end]


def _bounds(der: bytes, start: int) -> tuple[int, int]:
    """Where the content of the DER element at `start` begins, and where it ends."""
    length, content = der[start + 1], start + 2
    if length & 0x80:
        octets = length & 0x7F
        length, content = int.from_bytes(der[content : content + octets]), content + octets
    return content, content + length


def _judge_signature(request: x509.CertificateSigningRequest) -> None:
    try:
        valid = request.signature_algorithm_oid in _SIGNATURES and request.is_signature_valid
    except _PARSER_ERRORS:
        valid = False
    if not valid:
        raise Refused("csr_signature_invalid")


def _judge_extensions(request: x509.CertificateSigningRequest, names: x509.SubjectAlternativeName | None) -> None:
    try:
        oids = [attribute.oid for attribute in request.attributes]
        extensions = list(request.extensions)
    except (x509.UnsupportedGeneralNameType, KeyError):
        # A name of a kind that the library does not read is a name all the same; a TLS feature that it does not know
        # is a KeyError.
        raise Refused("csr_extension_not_allowed") from None
    except _PARSER_ERRORS:
        raise Refused("csr_malformed") from None
    if len(set(oids)) != len(oids) or len(_EXTENSION_REQUESTS.intersection(oids)) > 1:
        raise Refused("csr_malformed")
    if not all(extension.value == names or _is_harmless(extension.value) for extension in extensions):
        raise Refused("csr_extension_not_allowed")


def _is_harmless(value: x509.ExtensionType) -> bool:
    """Stock tools ask for these by themselves; they are accepted and ignored."""
    if isinstance(value, x509.BasicConstraints):
        return not value.ca
    if isinstance(value, x509.KeyUsage):
        return not (
            value.content_commitment
            or value.data_encipherment
            or value.key_agreement
            or value.key_cert_sign
            or value.crl_sign
        )
    return isinstance(value, _IGNORED_EXTENSIONS)
