"""The triggers on keys, groups and signing certificates. They hold for raw SQL and superusers too."""

from __future__ import annotations

from keys import managed_rows
from keys.models import ProvisioningKey, ServiceEdgeGroup, SigningCertificate
from portal.triggers import Trigger, differs

_KEY = ProvisioningKey._meta.db_table
_SIGNS = (
    "EXISTS (SELECT 1 FROM keys_signingcertificate c WHERE c.id = NEW.signing_certificate_id"
    " AND c.der IS NOT NULL AND c.sealed_private_key IS NOT NULL)"
)
_CANNOT_SIGN = "the signing certificate of a key has a private key and is not pending"
TRIGGERS = [
    *managed_rows.triggers_of(ProvisioningKey, "key"),
    *managed_rows.triggers_of(ServiceEdgeGroup, "group"),
    *managed_rows.triggers_of(SigningCertificate, "certificate"),
    Trigger("key_is_made_with_a_certificate_that_signs", _KEY, "INSERT", _CANNOT_SIGN, unless=_SIGNS),
    Trigger(
        "key_moves_to_a_certificate_that_signs",
        _KEY,
        "UPDATE",
        _CANNOT_SIGN,
        "OLD.signing_certificate_id IS DISTINCT FROM NEW.signing_certificate_id",
        _SIGNS,
    ),
    Trigger("key_uses_never_fall", _KEY, "UPDATE", "uses never fall", "NEW.uses < OLD.uses"),
    Trigger(
        "key_hidden_stays_hidden",
        _KEY,
        "UPDATE",
        "a key that is not viewable stays so",
        "NEW.viewable AND NOT OLD.viewable",
    ),
    Trigger(
        "key_identity_is_fixed",
        _KEY,
        "UPDATE",
        "the public id and the pin of a key never change",
        differs(["id", "public_id", "pin", "created_at"]),
    ),
]
