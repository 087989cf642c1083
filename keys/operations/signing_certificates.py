"""Every change of a signing certificate."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from keys import certificate_use, openssl_acceptance, trust_anchors
from keys.crypto import ca_certificates, keyring, openssl_verification, sealing
from keys.crypto.ca_certificates import Authority, PrivateKey
from keys.errors import InUse, Invalid
from keys.managed_rows import require_gate
from keys.models import SigningCertificate
from keys.models.signing_certificate import CANNOT_SIGN
from keys.operations import editing
from portal import audit
from portal.actors import Actor
from portal.attempts import attempt
from portal.field_validation import Rules, clean

# Nobody edits the parent, so it is not among the fields that are judged without being named.
RULES: Rules = {"parent": lambda record: clean(record, ["parent"])}


def create_certificate(record: SigningCertificate, authority: Authority, *, actor: Actor, source: str = "") -> None:
    """Store a new CA that was made here: its certificate in clear, its private key sealed.

    Raises Invalid for its values, when the name is taken, or when verifiers do not accept what it signs below its
    `parent`; Managed for one of the vendor's outside its manifest. The audit log records `source`, where it comes from.
    """
    clean(record, rules=RULES)
    # Below a root of the vendor's everything was made here, and nothing is left to find.
    if record.parent and not (record.parent.managed and record.parent.parent_id is None):
        _require_verifiable_below(record.parent, authority)
        record.tried_at = timezone.now()
    describe(record, authority.certificate)
    seal_private_key(record, authority.private_key)
    insert(record, actor=actor, source=source)


def _require_verifiable_below(parent: SigningCertificate, authority: Authority) -> None:
    now = timezone.now()
    found = openssl_verification.fault(authority, trust_anchors.chain_of(parent), now)
    if found:
        # What is made here is as it should be: the fault is above it.
        what = openssl_acceptance.flaw(parent, now) or "Choose another parent."
        raise Invalid("parent", f"No CA below “{parent.name}” works ({found.reason}). {what}")


def seal_private_key(record: SigningCertificate, private_key: PrivateKey) -> None:
    """Put the private key into the record, sealed for its place; nothing is written yet."""
    ring = keyring.load(settings.KEYRING_FILE)
    record.sealed_private_key = sealing.seal(
        ca_certificates.private_key_der(private_key), record.private_key_place, ring
    )
    record.sealed_with = ring.active


def insert(record: SigningCertificate, *, actor: Actor, source: str) -> None:
    """Write a filled-in record and its event. Raises Managed for one of the vendor's outside its manifest."""
    require_gate(record)
    record.created_by = record.modified_by = actor.name
    detail = editing.described(record) | ({"source": source} if source else {})
    with transaction.atomic(), editing.refusals_of(SigningCertificate):
        record.save(force_insert=True)
        audit.record(audit.Action.CERTIFICATE_CREATED, actor, editing.subject(record), detail=detail)


def authority_of(record: SigningCertificate) -> Authority:
    """The CA in memory, to sign with. Raises KeyringError or SealBroken when its private key does not open."""
    certificate = x509.load_der_x509_certificate(bytes(record.der))
    return Authority(certificate, private_key_of(record))


def private_key_of(record: SigningCertificate) -> PrivateKey:
    """The private key in memory. Raises KeyringError or SealBroken when it does not open."""
    ring = keyring.load(settings.KEYRING_FILE)
    sealed = sealing.unseal(bytes(record.sealed_private_key or b""), record.private_key_place, ring)
    return ca_certificates.load_private_key(sealed)


def hold(pk: int, *, field: str, now: datetime) -> SigningCertificate:
    """The certificate, kept as it is until the transaction ends, when it may sign now.

    Raises Invalid for `field` otherwise. A key takes its certificate through this, so that none disappears meanwhile.
    """
    held = SigningCertificate.objects.able_to_sign(now).select_for_update(no_key=True).filter(pk=pk).first()
    if held is None:
        raise Invalid(field, CANNOT_SIGN, "invalid_choice")
    return held


def describe(record: SigningCertificate, certificate: x509.Certificate) -> None:
    """Copy what pages show and search from the certificate into the record, which then is not pending.

    The record has its parent already, whose root is its root.
    """
    record.request = None
    record.der = certificate.public_bytes(Encoding.DER)
    record.subject = certificate.subject.rfc4514_string()
    record.issuer = certificate.issuer.rfc4514_string()
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    record.common_name = str(names[0].value) if names else ""
    record.serial = f"{certificate.serial_number:x}"
    record.fingerprint = certificate.fingerprint(hashes.SHA256()).hex()
    own_key = ca_certificates.spki_sha256(certificate).hex()
    record.trust_anchor_sha256 = record.parent.trust_anchor_sha256 if record.parent else own_key
    record.key_type = ca_certificates.key_type_of(certificate)
    record.not_before = certificate.not_valid_before_utc
    record.not_after = certificate.not_valid_after_utc


def edit_certificate(record: SigningCertificate, *, fields: Collection[str], version: int, actor: Actor) -> None:
    """Store the named fields. Raises Gone, Managed, Stale or Invalid."""
    editing.edit(
        record,
        fields=fields,
        version=version,
        action=audit.Action.CERTIFICATE_EDITED,
        actor=actor,
        rules={"enabled": _require_complete},
    )


def _require_complete(edited: SigningCertificate) -> None:
    if edited.enabled and edited.is_pending:
        raise Invalid("enabled", "Upload the signed certificate first. Then it is enabled.", "pending")


def delete_certificate(record: SigningCertificate, *, actor: Actor) -> None:
    """Delete a certificate nothing depends on. Raises InUse with what does, Gone or Managed."""
    with attempt(audit.Action.CERTIFICATE_DELETED, actor, editing.attempted(record)):
        use = certificate_use.of(editing.lock(record))
        if use:
            raise InUse(use.sentence)
        editing.delete_unused(record, action=audit.Action.CERTIFICATE_DELETED, actor=actor)
