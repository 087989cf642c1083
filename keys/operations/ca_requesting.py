"""A CA of ours that somebody else signs: the request first, later the signed certificate."""

from __future__ import annotations

import copy

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from django.conf import settings
from django.utils import timezone

from keys.crypto import authority_chains, ca_certificates, uploaded_pem
from keys.crypto.ca_certificates import PrivateKey
from keys.crypto.keyring import KeyringError
from keys.crypto.sealing import SealBroken
from keys.crypto.uploaded_pem import Given
from keys.errors import AlreadyComplete, BadCertificate, Invalid
from keys.models import SigningCertificate
from keys.operations import ca_uploading, editing
from keys.operations.ca_generating import rules_of_a_key_pair
from keys.operations.signing_certificates import describe, insert, private_key_of, seal_private_key
from portal import audit
from portal.actors import Actor
from portal.attempts import attempt
from portal.field_validation import clean

_COMPLETED = (
    "request", "der", "subject", "issuer", "common_name", "serial", "fingerprint", "key_type", "not_before",
    "not_after", "parent", "trust_anchor_sha256", "enabled", "tried_at",
)  # fmt: skip


def request_certificate(record: SigningCertificate, *, key_type: str, actor: Actor) -> None:
    """Make the record pending: a key pair, its private key sealed, and a CSR. Raises Invalid for its values."""
    clean(record, rules=rules_of_a_key_pair(key_type))
    request, private_key = ca_certificates.make_request(record.name, settings.CUSTOMER_ID, key_type)
    record.request = request.public_bytes(Encoding.DER)
    record.subject, record.common_name = request.subject.rfc4514_string(), record.name
    record.key_type, record.issuer, record.enabled = ca_certificates.key_type_of(request), "", False
    seal_private_key(record, private_key)
    insert(record, actor=actor, source="requested")


def complete_certificate(
    record: SigningCertificate, certificates: Given, *, password: str = "", actor: Actor
) -> list[x509.Certificate]:
    """Give a pending certificate the one that was signed for it; those above it come along or are here already.

    It is enabled from then on. Returns what was given and left out, because the chain does not need it. Raises Gone,
    Managed, AlreadyComplete or BadCertificate.
    """
    bundle = uploaded_pem.read(certificates, password=password)
    if bundle.private_key is not None:
        raise BadCertificate("key_not_wanted")
    with (
        attempt(audit.Action.CERTIFICATE_EDITED, actor, editing.attempted(record)),
        editing.refusals_of(SigningCertificate),
    ):
        current = editing.lock(record)
        if not current.is_pending:
            raise AlreadyComplete
        pending, private_key = copy.copy(current), _private_key_of(current)
        candidates = [each for each in bundle.certificates if each.public_key() == private_key.public_key()]
        if not candidates:
            raise BadCertificate("wrong_request")
        chain = ca_uploading.judged_chain(candidates, bundle.certificates, private_key)
        current.parent, current.enabled = ca_uploading.store_parents(chain, actor=actor), True
        describe(current, chain[0])
        current.tried_at = timezone.now()
        editing.save(current, current, _COMPLETED, actor)
        changed = editing.changes(pending, current, ("serial", "not_after", "parent", "enabled"))
        detail = {**changed, "source": ["requested", "completed"]}
        audit.record(audit.Action.CERTIFICATE_EDITED, actor, editing.subject(current), detail=detail)
    return authority_chains.surplus_of(chain, bundle.certificates)


def _private_key_of(record: SigningCertificate) -> PrivateKey:
    try:
        return private_key_of(record)
    except (KeyringError, SealBroken):
        raise Invalid("certificates", "The private key of this request does not open. Check the keyring.") from None
