"""Uploading CAs that were made elsewhere: one chain at a time, with or without the private key of its lowest."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from keys.crypto import authority_chains, authority_rules, openssl_verification, uploaded_pem
from keys.crypto.authority_chains import Chain
from keys.crypto.ca_certificates import LONGEST_CHAIN, Authority, PrivateKey
from keys.crypto.uploaded_pem import Bundle, Given
from keys.errors import BadCertificate
from keys.models import SigningCertificate
from keys.names import LONGEST_NAME, clean_name
from keys.operations import editing
from keys.operations.signing_certificates import describe, insert, seal_private_key
from portal.actors import Actor
from portal.field_validation import clean
from portal.sort_names import sort_name

_NOT_IN_NAMES = re.compile(r"[^\w .-]")


def upload_chain(
    record: SigningCertificate,
    certificates: Given,
    *,
    private_key_pem: Given = b"",
    password: str = "",
    actor: Actor,
) -> list[x509.Certificate]:
    """Make the record the lowest certificate of a chain; those above it get records named after their subjects.

    With a private key, which may stand in either text, the record signs edges: it is the certificate of that key.
    Without one it can only be a parent. Returns what was given and left out, because the chain does not need it.
    Raises BadCertificate, or Invalid for its values or when the name is taken.
    """
    clean(record)
    bundle = uploaded_pem.read(certificates, private_key_pem, password)
    with transaction.atomic(), editing.refusals_of(SigningCertificate):
        chain = judged_chain(_lowest(bundle), bundle.certificates, bundle.private_key)
        record.parent = store_parents(chain, actor=actor, taken=record.name)
        describe(record, chain[0])
        if bundle.private_key:
            seal_private_key(record, bundle.private_key)
            record.tried_at = timezone.now()
        insert(record, actor=actor, source="uploaded")
    return authority_chains.surplus_of(chain, bundle.certificates)


def _lowest(bundle: Bundle) -> list[x509.Certificate]:
    """The certificates of the private key; without one, those that none of the others names as its issuer.

    More than one is there when an old and a renewed certificate were given.
    """
    if bundle.private_key is not None:
        public_key = bundle.private_key.public_key()
        own = [each for each in bundle.certificates if each.public_key() == public_key]
        if not own:
            raise BadCertificate("wrong_key", "private_key")
        return own
    issuers = {each.issuer for each in bundle.certificates if each.issuer != each.subject}
    lowest = next((each for each in bundle.certificates if each.subject not in issuers), bundle.certificates[0])
    return [each for each in bundle.certificates if each.subject == lowest.subject]


def judged_chain(
    candidates: list[x509.Certificate], given: list[x509.Certificate], private_key: PrivateKey | None
) -> Chain:
    """The first acceptable chain from one of the candidates, which are certificates of one CA, up to its root.

    With the private key, certificates of edges below it were tried with OpenSSL. Raises BadCertificate with what
    is wrong with the best of them.
    """
    now = timezone.now()
    refusals: list[BadCertificate] = []
    newest = sorted(dict.fromkeys(candidates), key=lambda each: each.not_valid_after_utc, reverse=True)
    for own in newest:
        try:
            authority_rules.judge(own, now, signs=private_key is not None)
            _require_new(own)
            chains = authority_chains.chains_of(own, [*given, *_stored(own, given)])
        except BadCertificate as refused:
            refusals.append(refused)
            continue
        for chain in chains:
            try:
                authority_rules.judge_chain(chain, now, signs=private_key is not None)
                authority_chains.surplus_of(chain, given)
                if private_key:
                    openssl_verification.require_verifiable(Authority(own, private_key), chain[1:], now)
            except BadCertificate as refused:
                refusals.append(refused)
            else:
                return chain
    raise refusals[0]


def store_parents(chain: Chain, *, actor: Actor, taken: str = "") -> SigningCertificate | None:
    """Store what is missing above the lowest of a judged chain, and return the record right above it.

    `taken` is the name that the record of the lowest will have.
    """
    parent = None
    for certificate in reversed(chain[1:]):
        parent = _find(certificate) or _stored_parent(certificate, parent, taken, actor)
    return parent


def _require_new(certificate: x509.Certificate) -> None:
    known = _find(certificate)
    if known:
        raise BadCertificate("certificate_known", known=known.name)


def _find(certificate: x509.Certificate) -> SigningCertificate | None:
    fingerprint = certificate.fingerprint(hashes.SHA256()).hex()
    return SigningCertificate.objects.filter(fingerprint=fingerprint).first()


def _stored(own: x509.Certificate, given: Iterable[x509.Certificate]) -> list[x509.Certificate]:
    """The stored certificates that may stand above: those that are named as issuers, and what stands above them."""
    wanted = {each.issuer.rfc4514_string() for each in (own, *given)}
    found: list[x509.Certificate] = []
    for _ in range(LONGEST_CHAIN):
        # Locked against deletion until the new record names them as its parents.
        rows = SigningCertificate.objects.complete().select_for_update(no_key=True).filter(subject__in=wanted)
        new = [x509.load_der_x509_certificate(bytes(row.der)) for row in rows.order_by("pk")]
        new = [each for each in new if each not in found]
        if not new:
            break
        found += new
        wanted = {each.issuer.rfc4514_string() for each in new}
    return found


def _stored_parent(
    certificate: x509.Certificate, parent: SigningCertificate | None, taken: str, actor: Actor
) -> SigningCertificate:
    record = SigningCertificate(name=_free_name(authority_rules.name_of(certificate), taken), parent=parent)
    describe(record, certificate)
    insert(record, actor=actor, source="uploaded")
    return record


def _free_name(wanted: str, reserved: str) -> str:
    """A name that may be given and is free, close to the wanted one."""
    kept = _NOT_IN_NAMES.sub(" ", unicodedata.normalize("NFC", wanted))[: LONGEST_NAME - 10]
    try:
        name = clean_name(" ".join(kept.split()))
    except ValidationError:
        name = "CA"
    candidates = {sort_name(each): each for each in (name, *(f"{name} {number}" for number in range(2, 1000)))}
    found = SigningCertificate.objects.filter(sort_name__in=list(candidates)).values_list("sort_name", flat=True)
    taken = {*found, sort_name(reserved)}
    return next(each for sorted_by, each in candidates.items() if sorted_by not in taken)
