"""Moving the keys of one signing certificate to another, when it ends or is to be replaced."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import F, QuerySet
from django.utils import timezone

from keys import certificate_use
from keys.errors import Gone, Invalid, KeysChanged, Managed
from keys.models import ProvisioningKey, SigningCertificate
from keys.operations import editing
from keys.operations.signing_certificates import hold
from portal import audit
from portal.actors import Actor
from portal.attempts import attempt
from portal.numbers import counted

# One transaction: more would hold up enrollments for long.
MOST_AT_ONCE = 2000
_CHUNK = 500


def move_keys(
    old: SigningCertificate, new: SigningCertificate, *, confirmed: int, actor: Actor, different_root: bool = False
) -> int:
    """Let the keys of `old` sign with `new` and return how many; at most MOST_AT_ONCE of them, the oldest first.

    Keys the vendor manages stay. `confirmed` is the number of keys that the page showed; `different_root`: somebody
    has confirmed that `new` may have a different root. Each key gets an event and a new version. Raises KeysChanged,
    Managed when all are the vendor's, Gone, or Invalid: `new` cannot sign now, or its different root is not confirmed.
    """
    if type(confirmed) is not int:
        raise Invalid("confirmed", "Enter the number of keys to move.")
    if old.pk == new.pk:
        raise Invalid("certificate", "Choose another certificate than the one to replace.")
    with attempt(audit.Action.CERTIFICATE_EDITED, actor, editing.attempted(old)):
        # Keys before certificates, as an edit of a key locks them.
        keys = list(movable(old).select_for_update().order_by("pk")[:MOST_AT_ONCE])
        _require_confirmed(old, keys, confirmed)
        target = hold(new.pk, field="certificate", now=timezone.now())
        moved = ProvisioningKey.objects.filter(pk__in=[key.pk for key in keys])
        certificate_use.require_confirmed_root(moved, old, target, different_root)
        for at in range(0, len(keys), _CHUNK):
            _move(keys[at : at + _CHUNK], old, target, actor)
    return len(keys)


def movable(certificate: SigningCertificate) -> QuerySet[ProvisioningKey]:
    """The keys of a certificate that may be moved."""
    return ProvisioningKey.objects.filter(signing_certificate=certificate, managed=False).only("name", "managed")


def _require_confirmed(old: SigningCertificate, keys: list[ProvisioningKey], confirmed: int) -> None:
    if not SigningCertificate.objects.filter(pk=old.pk).exists():
        raise Gone(f"“{old.name}” was deleted in the meantime.")
    if not keys and ProvisioningKey.objects.filter(signing_certificate=old).exists():
        raise Managed("The vendor manages the keys that use this certificate. They cannot be moved here.")
    if len(keys) != confirmed:
        raise KeysChanged(f"Now {counted(len(keys), 'key')} would move, not {confirmed}. Look again and confirm.")


def _move(keys: Iterable[ProvisioningKey], old: SigningCertificate, new: SigningCertificate, actor: Actor) -> None:
    rows = ProvisioningKey.objects.filter(pk__in=[key.pk for key in keys])
    rows.update(signing_certificate=new, version=F("version") + 1, modified_at=timezone.now(), modified_by=actor.name)
    detail = {"signing_certificate": [old.name, new.name]}
    audit.record_all(audit.row(audit.Action.KEY_EDITED, actor, editing.subject(key), detail=detail) for key in keys)
