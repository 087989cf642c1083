"""What a CA certificate must be to sign edges here, or to stand above one that does. Pure: no Django, no database.

The rules are those of RFC 5280 §4.2 and §6.1, the strengths those of docs/certificates.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from keys import weak_rsa
from keys.certificates import key_type_of
from keys.errors import BadCertificate

Kind = TypeVar("Kind", bound=x509.ExtensionType)
LONGEST_CHAIN = 10
LONGEST_NAME = 1000
SIGNING_BITS, PARENT_BITS, MOST_BITS = 3072, 2048, 8192
_LARGEST_SERIAL = 2**159
_SIGNING_CURVES = {"secp256r1", "secp384r1"}
_GOOD_HASHES = {"sha256", "sha384", "sha512"}
# Critical extensions whose meaning is honored here, or that say nothing about edges.
_HONORED = {x509.BasicConstraints.oid, x509.KeyUsage.oid, x509.ExtendedKeyUsage.oid, x509.CertificatePolicies.oid}


def name_of(certificate: x509.Certificate) -> str:
    """The certificate as a sentence names it: its common name, else its subject."""
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return (str(names[0].value) if names else certificate.subject.rfc4514_string())[:100]


def chain_of(lowest: x509.Certificate, others: Iterable[x509.Certificate]) -> list[x509.Certificate]:
    """From `lowest` up to its self-signed root, each signed by the next. Raises BadCertificate."""
    chain, pool = [lowest], list(others)
    while not _signed(chain[-1], chain[-1]):
        chain.append(_issuer_of(chain[-1], pool))
        if len(chain) > LONGEST_CHAIN:
            raise BadCertificate("chain_broken", name=name_of(lowest), issuer=name_of(chain[-1]))
    return chain


def _issuer_of(certificate: x509.Certificate, pool: Sequence[x509.Certificate]) -> x509.Certificate:
    named = [each for each in pool if each.subject == certificate.issuer and each != certificate]
    issuer = certificate.issuer.rfc4514_string()[:200]
    if not named:
        raise BadCertificate("chain_incomplete", name=name_of(certificate), issuer=issuer)
    signers = [each for each in named if _signed(certificate, each)]
    if not signers:
        raise BadCertificate("chain_broken", name=name_of(certificate), issuer=issuer)
    # Of an old and a renewed certificate with the same key, the one that lasts.
    return max(signers, key=lambda each: each.not_valid_after_utc)


def _signed(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def judge_chain(chain: Sequence[x509.Certificate], now: datetime, *, signs: bool) -> None:
    """Each certificate of a chain, from the lowest up; with `signs` that one signs edges. Raises BadCertificate."""
    for below, certificate in enumerate(chain):
        judge(certificate, now, signs=signs and below == 0)
        limit = _constraints(certificate).path_length
        if limit is not None and limit < below:
            raise BadCertificate("path_too_long", name=name_of(certificate))


def judge(certificate: x509.Certificate, now: datetime, *, signs: bool) -> None:
    """One CA certificate, whoever issued it. Raises BadCertificate."""
    _judge_text(certificate)
    name = name_of(certificate)
    if not _constraints(certificate).ca:
        raise BadCertificate("not_a_ca", name=name)
    if signs:
        _judge_strictly(certificate, name)
    _judge_usage(certificate, name, signs)
    _judge_strength(certificate, name, signs)
    if certificate.not_valid_after_utc <= now:
        raise BadCertificate("certificate_expired", name=name, moment=_day(certificate.not_valid_after_utc))
    if certificate.not_valid_before_utc > now:
        raise BadCertificate("certificate_not_yet_valid", name=name, moment=_day(certificate.not_valid_before_utc))


def may_sign_an_authority(certificate: x509.Certificate) -> bool:
    """Whether its path length leaves room for another CA below it."""
    limit = _constraints(certificate).path_length
    return limit is None or limit > 0


def _judge_text(certificate: x509.Certificate) -> None:
    names = (certificate.subject.rfc4514_string(), certificate.issuer.rfc4514_string())
    values = [attribute.value for name in (certificate.subject, certificate.issuer) for attribute in name]
    plain = all(isinstance(value, str) and value.isprintable() for value in values)
    if not plain or not all(0 < len(name) <= LONGEST_NAME for name in names) or len(name_of(certificate)) > 255:
        raise BadCertificate("name_unusable")
    if not 0 < certificate.serial_number < _LARGEST_SERIAL:
        raise BadCertificate("serial_unusable", name=name_of(certificate))


def _constraints(certificate: x509.Certificate) -> x509.BasicConstraints:
    found = _find(certificate, x509.BasicConstraints)
    return found or x509.BasicConstraints(ca=False, path_length=None)


def _judge_usage(certificate: x509.Certificate, name: str, signs: bool) -> None:
    usage = _find(certificate, x509.KeyUsage)
    # Roots of many years have none; RFC 5280 lets such a key do everything, but asks it of whoever signs.
    if (usage and not usage.key_cert_sign) or (signs and not usage):
        raise BadCertificate("cannot_sign_certificates", name=name)
    if signs and usage and not usage.crl_sign:
        raise BadCertificate("cannot_sign_lists", name=name)
    if signs and not _find(certificate, x509.SubjectKeyIdentifier):
        raise BadCertificate("key_identifier_missing", name=name)
    purposes = _find(certificate, x509.ExtendedKeyUsage)
    if purposes and not {ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE} & set(purposes):
        raise BadCertificate("not_for_clients", name=name)
    for extension in certificate.extensions:
        if extension.critical and extension.oid not in _HONORED:
            raise BadCertificate("constrained", name=name, extension=extension.oid.dotted_string)


def _judge_strictly(certificate: x509.Certificate, name: str) -> None:
    """What `openssl verify -x509_strict` asks of a CA, or edges of this one would fail there (RFC 5280 §4.2.1)."""
    if not certificate.extensions.get_extension_for_class(x509.BasicConstraints).critical:
        raise BadCertificate("constraints_not_critical", name=name)
    if certificate.subject != certificate.issuer and not _find(certificate, x509.AuthorityKeyIdentifier):
        raise BadCertificate("issuer_identifier_missing", name=name)


def _judge_strength(certificate: x509.Certificate, name: str, signs: bool) -> None:
    key, bits = certificate.public_key(), SIGNING_BITS if signs else PARENT_BITS
    if isinstance(key, rsa.RSAPublicKey):
        strong = bits <= key.key_size <= MOST_BITS and key.public_numbers().e >= 65537
    elif isinstance(key, ec.EllipticCurvePublicKey):
        strong = key.curve.name in (_SIGNING_CURVES if signs else _SIGNING_CURVES | {"secp521r1"})
    else:
        strong = False
    if not strong:
        raise BadCertificate("weak_key", name=name, key=key_type_of(certificate), bits=f"{bits:,}")
    if isinstance(key, rsa.RSAPublicKey):
        numbers = key.public_numbers()
        weakness = weak_rsa.fault_of(numbers.n, numbers.e)
        if weakness:
            raise BadCertificate("key_worthless", name=name, weakness=weakness)
    digest = certificate.signature_hash_algorithm
    if digest is None or digest.name not in _GOOD_HASHES:
        raise BadCertificate("weak_signature", name=name, hash=digest.name.upper() if digest else "an unknown hash")


def _find(certificate: x509.Certificate, kind: type[Kind]) -> Kind | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
