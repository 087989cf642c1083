"""Every change of a signing certificate, through whichever door."""

from __future__ import annotations

from collections.abc import Collection

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from django.conf import settings
from django.db import transaction

from keys import certificates, keyring, sealing
from keys.certificates import Authority
from keys.models import SigningCertificate
from keys.operations import editing
from portal import audit
from portal.actors import Actor


def create_certificate(record: SigningCertificate, authority: Authority, *, actor: Actor) -> None:
    """Store a new CA: its certificate in clear, its private key sealed. Raises Invalid when the name is taken."""
    describe(record, authority.certificate)
    ring = keyring.load(settings.KEYRING_FILE)
    private_key = certificates.private_key_der(authority.private_key)
    record.sealed_private_key = sealing.seal(private_key, record.private_key_place, ring)
    record.sealed_with = ring.active
    record.created_by = record.modified_by = actor.name
    detail = {"name": record.name, "serial": record.serial, "not_after": record.not_after.isoformat()}
    with transaction.atomic(), editing.refusals_of(SigningCertificate):
        record.save(force_insert=True)
        audit.record(audit.Action.CERTIFICATE_CREATED, actor, editing.subject(record), detail=detail)


def describe(record: SigningCertificate, certificate: x509.Certificate) -> None:
    """Copy what pages show and search from the certificate into the record."""
    record.der = certificate.public_bytes(Encoding.DER)
    record.subject = certificate.subject.rfc4514_string()
    record.issuer = certificate.issuer.rfc4514_string()
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    record.common_name = str(names[0].value) if names else ""
    record.serial = f"{certificate.serial_number:x}"
    record.fingerprint = certificate.fingerprint(hashes.SHA256()).hex()
    record.key_type = certificates.key_type_of(certificate)
    record.not_before = certificate.not_valid_before_utc
    record.not_after = certificate.not_valid_after_utc


def edit_certificate(record: SigningCertificate, *, fields: Collection[str], version: int, actor: Actor) -> None:
    """Store the named fields. Raises Gone, Managed, Stale or Invalid."""
    editing.edit(record, fields=fields, version=version, action=audit.Action.CERTIFICATE_EDITED, actor=actor)


def delete_certificate(record: SigningCertificate, *, actor: Actor) -> None:
    """Delete a certificate nothing depends on. Raises InUse with what does, Gone or Managed."""
    editing.delete_unused(record, action=audit.Action.CERTIFICATE_DELETED, actor=actor)
