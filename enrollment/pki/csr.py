"""Judging a CSR. Only its public key is used, because the portal decides the identity. Pure.

`csr_text` finds the request in the text and `csr_parts` parses its structure; `cryptography` reads the key and
verifies the signature. A request is accepted when OpenSSL verifies it and it can be read in one way only.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

from enrollment.errors import Refused
from enrollment.pki import csr_extensions, csr_parts, csr_text, der, key_policy
from enrollment.pki.csr_parts import Parts
from enrollment.pki.der import NotDER
from enrollment.pki.key_policy import PublicKey
from keys.crypto import weak_rsa

_HASHES: dict[str, tuple[type[PublicKey], hashes.HashAlgorithm]] = {
    "1.2.840.10045.4.3.2": (ec.EllipticCurvePublicKey, hashes.SHA256()),
    "1.2.840.10045.4.3.3": (ec.EllipticCurvePublicKey, hashes.SHA384()),
    "1.2.840.10045.4.3.4": (ec.EllipticCurvePublicKey, hashes.SHA512()),
    "1.2.840.113549.1.1.11": (rsa.RSAPublicKey, hashes.SHA256()),
    "1.2.840.113549.1.1.12": (rsa.RSAPublicKey, hashes.SHA384()),
    "1.2.840.113549.1.1.13": (rsa.RSAPublicKey, hashes.SHA512()),
}
_REFUSED_SIGNATURES = {
    "1.2.840.113549.1.1.10": "RSA-PSS", "1.2.840.113549.1.1.4": "MD5", "1.2.840.113549.1.1.2": "MD2",
    "1.2.840.113549.1.1.5": "SHA-1", "1.3.14.3.2.29": "SHA-1", "1.2.840.10045.4.1": "SHA-1",
    "1.2.840.10040.4.3": "SHA-1", "1.2.840.113549.1.1.14": "SHA-224", "1.2.840.10045.4.3.1": "SHA-224",
    "2.16.840.1.101.3.4.3.10": "SHA-3", "2.16.840.1.101.3.4.3.14": "SHA-3", "1.2.840.113549.1.1.16": "SHA-512/256",
    "1.3.101.112": "Ed25519", "1.3.101.113": "Ed448",
}  # fmt: skip
_SIGN = "Sign with its own key and SHA-256, SHA-384 or SHA-512"
_RSA, _EC = "1.2.840.113549.1.1.1", "1.2.840.10045.2.1"


@dataclass(frozen=True, slots=True)
class JudgedCSR:
    """The result of judging an acceptable CSR.

    `spki_sha256` (hex) is the digest of the public key and identifies the key pair. `ignored_extensions` names the
    requested extensions, which have no effect.
    """

    public_key: PublicKey
    spki_sha256: str
    ignored_extensions: tuple[str, ...] = ()

    @property
    def for_audit(self) -> dict[str, list[str]]:
        """The details for an audit event: the ignored extensions, if there are any."""
        return {"ignored_extensions": list(self.ignored_extensions)} if self.ignored_extensions else {}


def judge(pem: str, rsa_minimum_bits: int, names: bytes | None = None) -> JudgedCSR:
    """Check a PEM request and return its public key.

    `names` is the edge's present subjectAltName (the extension's content in DER). A request for exactly that is not
    reported as ignored, because RFC 7030 §4.2.2 requires it of renewals.
    Raises Refused with its fault: csr_malformed, csr_key_rejected, csr_signature_invalid or csr_extension_not_allowed.
    """
    try:
        parts = csr_parts.take_apart(csr_text.request_in(pem))
        key = _judge_key(parts, rsa_minimum_bits)
        _judge_signature(parts, key)
        ignored = csr_extensions.ignored(parts, names)
    except NotDER as fault:
        raise Refused("csr_malformed", str(fault)) from None
    return JudgedCSR(key, hashlib.sha256(key_policy.spki(key)).hexdigest(), ignored)


def require_signable(judged: JudgedCSR, authority_keys: frozenset[str]) -> None:
    """The checks before signing that `judge` leaves out, because they are slow or depend on the issuer.

    `authority_keys` are the digests (as `spki_sha256`) of the keys in the issuer's chain. Raises Refused:
    csr_key_rejected.
    """
    key = judged.public_key
    if judged.spki_sha256 in authority_keys:
        raise Refused("csr_key_rejected", f"This is the key of a signing certificate. {key_policy.USE}.")
    if isinstance(key, rsa.RSAPublicKey) and weak_rsa.is_prime(key.public_numbers().n):
        raise Refused("csr_key_rejected", f"The key {weak_rsa.PRIME}. {key_policy.USE}.")


def _judge_key(parts: Parts, rsa_minimum_bits: int) -> PublicKey:
    fault = _fault_of_encoding(parts)
    if fault:
        raise Refused("csr_key_rejected", fault)
    try:
        key = load_der_public_key(parts.key.raw)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise Refused("csr_key_rejected", "The public key cannot be read: its numbers are no key.") from None
    if not isinstance(key, ec.EllipticCurvePublicKey | rsa.RSAPublicKey):
        raise Refused("csr_key_rejected", "The key is neither RSA nor on a curve.")
    fault = key_policy.fault_of(key, rsa_minimum_bits)
    if fault:
        raise Refused("csr_key_rejected", fault)
    # A key has one digest, so its numbers are accepted in their canonical encoding only. The algorithm before them may
    # lack its NULL.
    if not key_policy.spki(key).endswith(parts.key_bits.raw):
        raise Refused("csr_key_rejected", "The public key is not encoded as RFC 5280 and RFC 5480 want it.")
    return key


def _fault_of_encoding(parts: Parts) -> str:
    """The fault of the key's algorithm and parameters, or "". It is found before the library reads the numbers."""
    oid, parameters = parts.key_algorithm.oid, parts.key_algorithm.parameters
    if oid == _RSA:
        is_null = parameters is None or parameters.raw == b"\x05\0"
        return "" if is_null else "The RSA key has parameters; they must be NULL (RFC 3279 section 2.3.1)."
    if oid != _EC:
        algorithm = key_policy.OTHER_ALGORITHMS.get(oid, "of an algorithm that is not known here")
        return f"The key is {algorithm}. {key_policy.USE}."
    if parameters is None or parameters.tag != der.OID:
        return f"The curve is not named but described by its parameters. {key_policy.USE}."
    point = parts.key_bits.value[1:2]
    if point in {b"\2", b"\3"}:
        return "The public key is a compressed point. Send it uncompressed (openssl ec -conv_form uncompressed)."
    return key_policy.fault_of_curve(der.dotted(parameters, "the curve"))


def _judge_signature(parts: Parts, key: PublicKey) -> None:
    oid, parameters = parts.signature_algorithm.oid, parts.signature_algorithm.parameters
    key_type, digest = _HASHES.get(oid, (None, None))
    if key_type is None or digest is None:
        name = _REFUSED_SIGNATURES.get(oid, oid)
        padding_too = " and PKCS #1 v1.5 padding" if name == "RSA-PSS" else ""
        raise Refused("csr_signature_invalid", f"{name} signatures are not accepted. {_SIGN}{padding_too}.")
    if parameters is not None and parameters.raw != b"\x05\0":
        raise NotDER(f"The parameters of the signature algorithm at byte {parameters.start} must be absent or NULL.")
    if not isinstance(key, key_type):
        fault = f"The algorithm of the signature does not match the key. {_SIGN}."
        raise Refused("csr_signature_invalid", fault)
    try:
        key_policy.verify(key, parts.signature, parts.info, digest)
    except (InvalidSignature, ValueError, UnsupportedAlgorithm):
        fault = f"The signature does not fit: another key made it, or the request was changed afterwards. {_SIGN}."
        raise Refused("csr_signature_invalid", fault) from None
