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

from keys import authority_rules, pem
from keys.errors import BadCertificate
from keys.models import SigningCertificate
from keys.names import LONGEST_NAME, clean_name, sort_name
from keys.operations import editing
from keys.operations.signing_certificates import describe, insert, seal_private_key
from keys.pem import Bundle
from portal.actors import Actor

_NOT_IN_NAMES = re.compile(r"[^\w .-]")


def upload_chain(
    record: SigningCertificate, certificates_pem: bytes, *, private_key_pem: bytes = b"", actor: Actor
) -> None:
    """Make the record the lowest certificate of a chain; those above it get records named after their subjects.

    With a private key, which may stand in either text, the record signs edges: it is the certificate of that key.
    Without one it only stands above others. Raises BadCertificate, or Invalid when the name is taken.
    """
    bundle = read(certificates_pem, private_key_pem)
    own = _lowest(bundle)
    with transaction.atomic(), editing.refusals_of(SigningCertificate):
        record.parent = store_parents(
            own, bundle.certificates, signs=bundle.private_key is not None, actor=actor, taken=record.name
        )
        describe(record, own)
        if bundle.private_key:
            seal_private_key(record, bundle.private_key)
        insert(record, actor=actor, source="uploaded")


def read(certificates_pem: bytes, private_key_pem: bytes = b"") -> Bundle:
    """What the texts hold; nothing about it is judged yet. Raises BadCertificate."""
    return pem.read(certificates_pem, private_key_pem)


def _lowest(bundle: Bundle) -> x509.Certificate:
    """The certificate of the private key; without one, the certificate that none of the others names as its issuer."""
    if bundle.private_key is not None:
        public_key = bundle.private_key.public_key()
        own = next((each for each in bundle.certificates if each.public_key() == public_key), None)
        if own is None:
            raise BadCertificate("wrong_key", "private_key")
        return own
    issuers = {each.issuer for each in bundle.certificates if each.issuer != each.subject}
    return next((each for each in bundle.certificates if each.subject not in issuers), bundle.certificates[0])


def store_parents(
    own: x509.Certificate, given: list[x509.Certificate], *, signs: bool, actor: Actor, taken: str = ""
) -> SigningCertificate | None:
    """Judge `own` with the chain above it, store what is missing of that, and return the record right above.

    `taken` is the name the record of `own` will have. Raises BadCertificate.
    """
    now = timezone.now()
    authority_rules.judge(own, now, signs=signs)
    _require_new(own)
    chain = authority_rules.chain_of(own, [*given, *_stored(own, given)])
    authority_rules.judge_chain(chain, now, signs=signs)
    for certificate in given:
        if certificate not in chain:
            raise BadCertificate("chain_mixed", name=authority_rules.name_of(certificate))
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
    for _ in range(authority_rules.LONGEST_CHAIN):
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
