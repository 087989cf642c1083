"""Generating a CA here: a root, or an intermediate below one of ours."""

from __future__ import annotations

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from keys import trust_anchors
from keys.crypto import authority_rules, ca_certificates
from keys.crypto.ca_certificates import LONGEST_CHAIN, LONGEST_COMMON_NAME, Authority
from keys.crypto.keyring import KeyringError
from keys.crypto.sealing import SealBroken
from keys.errors import Invalid
from keys.models import SigningCertificate
from keys.operations.signing_certificates import authority_of, create_certificate, hold
from portal.actors import Actor

MOST_DAYS = 30 * 365


def generate_certificate(record: SigningCertificate, *, key_type: str, days: int, actor: Actor) -> None:
    """Make the record a CA, named as it is; its `parent`, if any, signs it and bounds its validity.

    The validity begins a day ago, or with the parent's. Raises Invalid when the name is taken or too long for a common
    name, or the parent cannot sign.
    """
    require_common_name(record.name)
    parent = _loaded(record.parent) if record.parent else None
    now = timezone.now()
    authority = ca_certificates.make_authority(
        record.name, settings.CUSTOMER_ID, now=now, days=days, key_type=key_type, parent=parent
    )
    with transaction.atomic():
        if record.parent:
            held = hold(record.parent.pk, field="parent", now=now)
            if held.fingerprint != record.parent.fingerprint:
                raise Invalid("parent", "The parent was replaced in the meantime. Try again.")
        create_certificate(record, authority, actor=actor, source="generated")


def require_common_name(name: str) -> None:
    """Raise Invalid when the name cannot be the common name of a certificate."""
    length = len(name.encode())
    if length > LONGEST_COMMON_NAME:
        raise Invalid(
            "name",
            f"This becomes the common name, which holds {LONGEST_COMMON_NAME} bytes; this has {length}. Shorten it.",
        )


def _loaded(parent: SigningCertificate) -> Authority:
    # Before the transaction, for making an RSA key can take seconds; `hold` looks again inside it.
    signs = not parent.is_pending and parent.sealed_with and parent.enabled
    if not signs or not parent.not_before <= timezone.now() < parent.not_after:
        raise Invalid("parent", "Choose a parent from the list: it must be enabled and in force.")
    try:
        authority = authority_of(parent)
    except (KeyringError, SealBroken):
        raise Invalid("parent", "The private key of this parent does not open. Check the keyring.") from None
    if len(list(trust_anchors.up_from(parent))) >= LONGEST_CHAIN:
        raise Invalid(
            "parent", f"Choose a parent nearer to its root: a chain has at most {LONGEST_CHAIN} certificates."
        )
    if not authority_rules.may_sign_an_authority(authority.certificate):
        raise Invalid("parent", "This certificate may not sign another CA (its pathlen is 0). Choose one above it.")
    return authority
