"""Generating a CA here: a root, or an intermediate below one of ours."""

from __future__ import annotations

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from keys.crypto import authority_rules, ca_certificates
from keys.crypto.ca_certificates import KEY_TYPES, LONGEST_CHAIN, LONGEST_COMMON_NAME, Authority
from keys.crypto.keyring import KeyringError
from keys.crypto.sealing import SealBroken
from keys.errors import Invalid
from keys.models import SigningCertificate
from keys.operations.signing_certificates import RULES, authority_of, create_certificate, hold
from portal.actors import Actor
from portal.field_validation import Rules, clean

MOST_DAYS = 30 * 365
UNUSABLE_PARENT = "Choose a parent from the list: it must be enabled and in force."


def generate_certificate(record: SigningCertificate, *, key_type: str, days: int, actor: Actor) -> None:
    """Make the record a CA, named as it is; its `parent`, if any, signs it and bounds its validity.

    The validity begins a day ago, or with the parent's. Raises Invalid for its values, when the name is taken or too
    long for a common name, or when the parent cannot sign.
    """
    clean(record, rules=rules_of_generating(key_type, days))
    parent = load_parent(record.parent) if record.parent else None
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


def rules_of_generating(key_type: str, days: int) -> Rules:
    """What no model knows about a CA that is made here and valid for `days`."""
    return {**RULES, **rules_of_a_key_pair(key_type), "days": lambda _: _require_days(days)}


def rules_of_a_key_pair(key_type: str) -> Rules:
    """The rules for a certificate whose key pair is made here, and whose name is its common name."""

    def require_key_type(_: SigningCertificate) -> None:
        if not isinstance(key_type, str) or key_type not in KEY_TYPES:
            raise Invalid("key_type", f"Choose one of {', '.join(KEY_TYPES)}.", "invalid_choice")

    return {"name": _require_common_name, "key_type": require_key_type}


def _require_common_name(record: SigningCertificate) -> None:
    length = len(record.name.encode())
    if length > LONGEST_COMMON_NAME:
        raise Invalid(
            "name",
            f"This becomes the common name, which holds {LONGEST_COMMON_NAME} bytes; this has {length}. Shorten it.",
            "max_length",
        )


def _require_days(days: int) -> None:
    if type(days) is not int or not 1 <= days <= MOST_DAYS:
        raise Invalid("days", f"Enter a whole number of days from 1 to {MOST_DAYS:,}.", "days")


def load_parent(parent: SigningCertificate) -> Authority:
    """A certificate with its private key, to sign another CA. Raises Invalid when it cannot."""
    # Before the transaction, for making an RSA key can take seconds; `hold` looks again inside it.
    if not SigningCertificate.objects.able_to_sign(timezone.now()).filter(pk=parent.pk).exists():
        raise Invalid("parent", UNUSABLE_PARENT, "invalid_choice")
    try:
        authority = authority_of(parent)
    except (KeyringError, SealBroken):
        raise Invalid("parent", "The private key of this parent does not open. Check the keyring.") from None
    if _depth(parent) >= LONGEST_CHAIN:
        raise Invalid(
            "parent", f"Choose a parent nearer to its root: a chain has at most {LONGEST_CHAIN} certificates."
        )
    if not authority_rules.may_sign_an_authority(authority.certificate):
        raise Invalid("parent", "This certificate may not sign another CA (its pathlen is 0). Choose one above it.")
    return authority


def _depth(record: SigningCertificate) -> int:
    """How many certificates its chain has, itself and the root included; counted no further than may be."""
    depth, above = 1, record.parent
    while above and depth < LONGEST_CHAIN:
        depth, above = depth + 1, above.parent
    return depth
