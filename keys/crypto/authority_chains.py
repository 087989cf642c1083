"""Building the chain of a CA certificate up to its root from the certificates of an upload. Pure: no Django.

Several chains are possible where a root was renewed or cross-signed (RFC 5280 §3.2, RFC 4158).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa

from keys.crypto.authority_rules import find, hash_of, is_weakly_signed, name_of, shown
from keys.crypto.ca_certificates import LONGEST_CHAIN
from keys.errors import BadCertificate

_MOST_STEPS = 500
Chain = list[x509.Certificate]


def chain_of(lowest: x509.Certificate, others: Iterable[x509.Certificate]) -> Chain:
    """The first of `chains_of`, which is the best. Raises BadCertificate."""
    return chains_of(lowest, others)[0]


def chains_of(lowest: x509.Certificate, others: Iterable[x509.Certificate]) -> list[Chain]:
    """All chains from `lowest` up to a self-signed root, in which each certificate is signed by the next.

    The shortest comes first; among equals, the one that is valid longest. Raises BadCertificate, which names the
    missing certificate.
    """
    pool = [each for each in dict.fromkeys(others) if each != lowest]
    complete: list[Chain] = []
    ends: list[Chain] = []
    begun: list[Chain] = [[lowest]]
    for _ in range(_MOST_STEPS):
        if not begun:
            break
        chain = begun.pop()
        if is_root(chain[-1]):
            complete.append(chain)
            continue
        issuers = [each for each in pool if each not in chain and is_issued_by(chain[-1], each)]
        if not issuers or len(chain) >= LONGEST_CHAIN:
            ends.append(chain)
        else:
            begun += ([*chain, each] for each in issuers)
    if not complete:
        longest = max(ends or [[lowest]], key=len)
        if len(longest) >= LONGEST_CHAIN:
            raise BadCertificate("chain_too_long", name=name_of(lowest), most=LONGEST_CHAIN)
        raise _unfinished(longest[-1], pool)
    return sorted(complete, key=lambda each: (len(each), -min(one.not_valid_after_utc for one in each).timestamp()))


def surplus_of(chain: Sequence[x509.Certificate], given: Iterable[x509.Certificate]) -> list[x509.Certificate]:
    """The given certificates that the chain does not need.

    They are old, renewed and cross-signed certificates with a name of the chain, and the issuers of those. Raises
    BadCertificate for any other certificate.
    """
    names = {each.subject for each in chain}
    surplus = [each for each in dict.fromkeys(given) if each not in chain]
    for _ in surplus:
        names |= {each.issuer for each in surplus if each.subject in names}
    for certificate in surplus:
        if certificate.subject not in names:
            raise BadCertificate("chain_mixed", name=name_of(certificate), own=name_of(chain[0]))
    return surplus


def is_root(certificate: x509.Certificate) -> bool:
    """Whether the certificate is self-signed, which ends a chain."""
    return is_issued_by(certificate, certificate)


def is_issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether `certificate` names `issuer` and is signed by it."""
    # The encodings are compared. `_unfinished` names the fault of names that are only equal in meaning.
    same_name = certificate.issuer.public_bytes() == issuer.subject.public_bytes()
    return same_name and is_signed_by_key_of(certificate, issuer)


def is_signed_by_key_of(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether the key of `issuer` made the signature, whatever the names are. SHA-1 and MD5 are verified too.

    The library's own check refuses these, so the fault of an old certificate would be named wrongly.
    """
    key, digest = issuer.public_key(), certificate.signature_hash_algorithm
    signature, signed = certificate.signature, certificate.tbs_certificate_bytes
    try:
        if isinstance(key, rsa.RSAPublicKey) and digest:
            key.verify(signature, signed, _padding_of(certificate), digest)
        elif isinstance(key, ec.EllipticCurvePublicKey) and digest:
            key.verify(signature, signed, ec.ECDSA(digest))
        elif isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):
            key.verify(signature, signed)
        else:
            return False
    except (InvalidSignature, ValueError, TypeError, UnsupportedAlgorithm):
        return False
    return True


def _padding_of(certificate: x509.Certificate) -> padding.AsymmetricPadding:
    try:
        parameters = certificate.signature_algorithm_parameters
    except (ValueError, UnsupportedAlgorithm):
        # The library knows no parameters of SHA-1 and MD5.
        return padding.PKCS1v15()
    return parameters if isinstance(parameters, padding.PSS) else padding.PKCS1v15()


def _unfinished(certificate: x509.Certificate, pool: Sequence[x509.Certificate]) -> BadCertificate:
    """Why the chain ends at a certificate that is not a root."""
    name, issuer = name_of(certificate), shown(certificate.issuer.rfc4514_string())
    if certificate.subject == certificate.issuer and is_weakly_signed(certificate):
        return BadCertificate("weak_signature", name=name, hash=hash_of(certificate))
    signer = next((each for each in pool if is_signed_by_key_of(certificate, each)), None)
    if signer is not None:
        found = shown(signer.subject.rfc4514_string())
        how = _difference(certificate.issuer, signer.subject)
        return BadCertificate("issuer_misnamed", name=name, issuer=issuer, found=found, how=how)
    if any(each.subject == certificate.issuer for each in pool):
        identifier = find(certificate, x509.AuthorityKeyIdentifier)
        digest = identifier and identifier.key_identifier
        key = f" (key {digest.hex(':').upper()})" if digest else ""
        return BadCertificate("chain_broken", name=name, issuer=issuer, key=key)
    return BadCertificate("chain_incomplete", name=name, issuer=issuer)


def _difference(one: x509.Name, other: x509.Name) -> str:
    if one == other:
        return "is encoded differently (another string type)"
    if one.rfc4514_string().casefold().split() == other.rfc4514_string().casefold().split():
        return "is encoded differently (upper and lower case, or spaces)"
    return "is another name"
