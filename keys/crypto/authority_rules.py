"""The rules for a CA certificate that signs edges, or that is above one that does. Pure: no Django, no database.

The rules are those of RFC 5280 §4.2 and §6.1 and of `openssl verify -x509_strict`; docs/certificates.md has the
strengths of keys. `keys.crypto.openssl_verification` finds the faults that the rules do not name.
"""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, PublicKeyAlgorithmOID

from keys.crypto import ber, weak_rsa
from keys.crypto.ca_certificates import key_type_of
from keys.crypto.invisible import INVISIBLE
from keys.errors import BadCertificate

Extension = TypeVar("Extension", bound=x509.ExtensionType)
LONGEST_NAME = 1000
SIGNING_BITS, PARENT_BITS, MOST_BITS = 3072, 2048, 8192
_LARGEST_SERIAL = 2**159
_SIGNING_CURVES = {"secp256r1", "secp384r1"}
_GOOD_HASHES = {"sha256", "sha384", "sha512"}
# Critical extensions that the portal checks, or that do not concern edges.
_HONORED = {
    x509.BasicConstraints.oid, x509.KeyUsage.oid, x509.ExtendedKeyUsage.oid, x509.CertificatePolicies.oid,
    x509.NameConstraints.oid, x509.PolicyConstraints.oid,
}  # fmt: skip


def name_of(certificate: x509.Certificate) -> str:
    """The name of a certificate for a message: its common name, else its subject. Invisible characters are "?"."""
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return shown(str(names[0].value) if names else certificate.subject.rfc4514_string())[:100]


def shown(text: str) -> str:
    """A text of a certificate for a message: at most 200 characters, the invisible ones as "?"."""
    return "".join("?" if _is_invisible(each) else each for each in text[:200])


def judge_chain(chain: Sequence[x509.Certificate], now: datetime, *, signs: bool) -> None:
    """Check a chain, which starts with the lowest certificate. With `signs`, that one signs edges.

    Raises BadCertificate.
    """
    intermediates = 0
    for below, certificate in enumerate(chain):
        judge(certificate, now, signs=signs and below == 0)
        limit = _constraints(certificate).path_length
        if limit is not None and limit < intermediates:
            raise BadCertificate("path_too_long", name=name_of(certificate), limit=limit, below=intermediates)
        # Self-issued certificates do not count (RFC 5280 §6.1.4 l).
        intermediates += certificate.subject != certificate.issuer
    _judge_identifiers(chain)


def judge(certificate: x509.Certificate, now: datetime, *, signs: bool) -> None:
    """Check one CA certificate, but not its issuer. With `signs`, it signs edges. Raises BadCertificate."""
    _judge_text(certificate)
    name = name_of(certificate)
    constraints = find(certificate, x509.BasicConstraints)
    if constraints is None or not constraints.ca:
        raise BadCertificate("not_a_ca", name=name)
    if not certificate.extensions.get_extension_for_class(x509.BasicConstraints).critical:
        raise BadCertificate("constraints_not_critical", name=name)
    _judge_usage(certificate, name, signs)
    _judge_limits(certificate, name)
    _judge_key(certificate, name, signs)
    _judge_signature(certificate, name)
    if certificate.not_valid_after_utc <= now:
        raise BadCertificate("certificate_expired", name=name, moment=_day(certificate.not_valid_after_utc))
    if certificate.not_valid_before_utc > now:
        raise BadCertificate("certificate_not_yet_valid", name=name, moment=_day(certificate.not_valid_before_utc))


def may_sign_an_authority(certificate: x509.Certificate) -> bool:
    """Whether the path length of a CA certificate allows another CA below it."""
    limit = _constraints(certificate).path_length
    return limit is None or limit > 0


def _judge_text(certificate: x509.Certificate) -> None:
    name = name_of(certificate) or f"serial number {certificate.serial_number:x}"
    for whose, found in (("subject", certificate.subject), ("issuer", certificate.issuer)):
        what = _wrong_with(found)
        if what:
            raise BadCertificate("name_unusable", whose=whose, name=name, what=what)
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    if names and len(str(names[0].value)) > 255:
        raise BadCertificate("name_unusable", whose="common name", name=name, what="has more than 255 characters")
    if not 0 < certificate.serial_number < _LARGEST_SERIAL:
        serial = f"{certificate.serial_number:x}"[:60]
        raise BadCertificate("serial_unusable", name=name, serial=serial)


def _wrong_with(name: x509.Name) -> str:
    values = [attribute.value for attribute in name]
    if not values:
        return "is empty"
    if not all(isinstance(value, str) for value in values):
        return "holds a value that is no text"
    for each in "".join(map(str, values)):
        if _is_invisible(each):
            what = "a control character" if unicodedata.category(each) == "Cc" else "an invisible character"
            return f"holds {what} (U+{ord(each):04X})"
    return f"has more than {LONGEST_NAME:,} characters" if len(name.rfc4514_string()) > LONGEST_NAME else ""


def _is_invisible(character: str) -> bool:
    return character in INVISIBLE or not character.isprintable()


def _constraints(certificate: x509.Certificate) -> x509.BasicConstraints:
    return find(certificate, x509.BasicConstraints) or x509.BasicConstraints(ca=False, path_length=None)


def _judge_usage(certificate: x509.Certificate, name: str, signs: bool) -> None:
    usage = find(certificate, x509.KeyUsage)
    if usage is None or not usage.key_cert_sign:
        raise BadCertificate("cannot_sign_certificates", name=name)
    if signs and not usage.crl_sign:
        raise BadCertificate("cannot_sign_lists", name=name)
    if not find(certificate, x509.SubjectKeyIdentifier):
        raise BadCertificate("key_identifier_missing", name=name)
    purposes = find(certificate, x509.ExtendedKeyUsage)
    # To OpenSSL, anyExtendedKeyUsage does not include clientAuth.
    if purposes and ExtendedKeyUsageOID.CLIENT_AUTH not in set(purposes):
        raise BadCertificate("not_for_clients", name=name)


def _judge_limits(certificate: x509.Certificate, name: str) -> None:
    """Check the extensions that may exclude an edge's certificate. OpenSSL applies them, critical or not."""
    policies = find(certificate, x509.PolicyConstraints)
    if find(certificate, x509.NameConstraints):
        raise BadCertificate("constrained", name=name, what="name constraints (nameConstraints)")
    if policies and policies.require_explicit_policy is not None:
        raise BadCertificate("constrained", name=name, what="policy constraints (requireExplicitPolicy)")
    for extension in certificate.extensions:
        if extension.critical and extension.oid not in _HONORED:
            oid = extension.oid.dotted_string
            raise BadCertificate("critical_unknown", name=name, extension=f"{_name_of_oid(extension.oid)} ({oid})")


def _name_of_oid(oid: x509.ObjectIdentifier) -> str:
    found: str = oid._name
    return "of an unknown type" if found == "Unknown OID" else found


def _judge_key(certificate: x509.Certificate, name: str, signs: bool) -> None:
    key, bits = certificate.public_key(), SIGNING_BITS if signs else PARENT_BITS
    if certificate.public_key_algorithm_oid == PublicKeyAlgorithmOID.RSASSA_PSS:
        raise BadCertificate("pss_key", name=name)
    text = key_type_of(certificate)
    if isinstance(key, rsa.RSAPublicKey):
        exponent = key.public_numbers().e
        strong = bits <= key.key_size <= MOST_BITS and weak_rsa.is_usual(exponent)
        if not weak_rsa.is_usual(exponent):
            size = exponent.bit_length()
            text += f", exponent {exponent}" if size <= 64 else f", exponent of {size:,} bits"
    elif isinstance(key, ec.EllipticCurvePublicKey):
        strong = key.curve.name in (_SIGNING_CURVES if signs else _SIGNING_CURVES | {"secp521r1"})
        if not _has_named_curve(certificate, key):
            raise BadCertificate("curve_not_named", name=name)
    else:
        found = type(key).__name__.removesuffix("PublicKey")
        raise BadCertificate("unsupported_key", what=f"The key of “{name}”", key=found)
    if not strong:
        raise BadCertificate("weak_key", name=name, key=text, bits=f"{bits:,}")
    if isinstance(key, rsa.RSAPublicKey):
        numbers = key.public_numbers()
        weakness = weak_rsa.fault_of(numbers.n, numbers.e)
        if not weakness and weak_rsa.is_prime(numbers.n):
            weakness = weak_rsa.PRIME
        if weakness:
            raise BadCertificate("key_worthless", name=name, weakness=weakness)


def _has_named_curve(certificate: x509.Certificate, key: ec.EllipticCurvePublicKey) -> bool:
    """Whether the certificate names its curve, instead of giving the curve's parameters (RFC 5480 §2.1.1)."""
    canonical = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    content = ber.element(canonical).content
    algorithm = content[: ber.element(content).end]
    return algorithm in certificate.tbs_certificate_bytes


def is_weakly_signed(certificate: x509.Certificate) -> bool:
    """Whether the hash of the certificate's signature is broken or unknown."""
    digest = certificate.signature_hash_algorithm
    return digest is None or digest.name not in _GOOD_HASHES


def hash_of(certificate: x509.Certificate) -> str:
    """The hash of the certificate's signature for a message, such as `SHA-1`."""
    digest = certificate.signature_hash_algorithm
    return {"sha1": "SHA-1", "sha224": "SHA-224"}.get(digest.name, digest.name.upper()) if digest else "an unknown hash"


def _judge_signature(certificate: x509.Certificate, name: str) -> None:
    if certificate.signature_hash_algorithm is None:
        algorithm = _name_of_oid(certificate.signature_algorithm_oid).capitalize()
        raise BadCertificate("unsupported_key", what=f"The key that signed “{name}”", key=algorithm)
    # A root's own signature protects nothing: a verifier trusts the root because it was configured to.
    if is_weakly_signed(certificate) and certificate.subject != certificate.issuer:
        raise BadCertificate("weak_signature", name=name, hash=hash_of(certificate))


def _judge_identifiers(chain: Sequence[x509.Certificate]) -> None:
    """Check that each certificate names the key of its issuer (RFC 5280 §4.2.1.1). OpenSSL finds no issuer otherwise.

    A root may name its own key. The highest certificate is checked first, because it has to be mended first.
    """
    for certificate, issuer in reversed([*itertools.pairwise(chain), (chain[-1], chain[-1])]):
        name, found = name_of(certificate), find(certificate, x509.AuthorityKeyIdentifier)
        if found is None or found.key_identifier is None:
            if certificate != issuer:
                raise BadCertificate("issuer_identifier_missing", name=name)
            if found is None:
                continue
        own = find(issuer, x509.SubjectKeyIdentifier)
        if found.key_identifier and own and found.key_identifier != own.digest:
            values = {"found": found.key_identifier.hex(":").upper(), "own": own.digest.hex(":").upper()}
            raise BadCertificate("issuer_key_differs", name=name, issuer=name_of(issuer), **values)
        serial = found.authority_cert_serial_number
        if serial is not None and serial != issuer.serial_number:
            values = {"found": f"{serial:x}", "own": f"{issuer.serial_number:x}"}
            raise BadCertificate("issuer_serial_differs", name=name, issuer=name_of(issuer), **values)
        names = [each.value for each in found.authority_cert_issuer or () if isinstance(each, x509.DirectoryName)]
        if names and names[0] != issuer.issuer:
            raise BadCertificate("issuer_issuer_differs", name=name, issuer=name_of(issuer))


def find(certificate: x509.Certificate, extension: type[Extension]) -> Extension | None:
    """The value of an extension, or None."""
    try:
        return certificate.extensions.get_extension_for_class(extension).value
    except x509.ExtensionNotFound:
        return None


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
