"""Every change of a provisioning key, and every way its text is handed out.

Each function owns its transaction and writes its audit event in it. Callers check permission first.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from django.db import transaction
from django.utils import timezone

from keys import certificate_use
from keys.crypto.keyring import KeyringError
from keys.crypto.sealing import SealBroken
from keys.errors import Gone, Invalid, NotViewable, Unopenable, UsedUp
from keys.managed_rows import require_gate
from keys.models import CopyState, ProvisioningKey, ServiceEdgeGroup
from keys.operations import editing, signing_certificates
from keys.operations.key_minting import mint_into, open_token
from keys.operations.service_edge_groups import create_group
from portal import audit, sent_forms
from portal.actors import Actor
from portal.attempts import attempt
from portal.field_validation import Rules, clean

logger = logging.getLogger(__name__)
TURNED_OFF = "This was turned off; the text is no longer stored, so it can't be turned on again."
FIELDS = ("name", "max_uses", "group", "signing_certificate", "viewable", "enabled", "expires_at", "allowed_networks")
PURPOSES = {"copy": audit.Action.KEY_COPIED, "show": audit.Action.KEY_SHOWN}


def create_key(key: ProvisioningKey, *, actor: Actor, new_group: str | ServiceEdgeGroup = "", form: str = "") -> str:
    """Store a new key and return its text; `new_group`, a name or a group with all its values, is made for it.

    `form` is the digest of the form that asks for the key (`portal.sent_forms`): the same form makes one key. Raises
    SentBefore when it made its key already; Invalid for the values of the key, among them a time in the past and a
    certificate that may not sign now, or when a name is taken; Managed for a key of the vendor's outside its manifest.
    """
    require_gate(key)
    fields = [name for name in FIELDS if name != "group" or not new_group]
    with transaction.atomic(), editing.refusals_of(ProvisioningKey):
        sent = sent_forms.accept(form)
        clean(key, fields, rules_of_creation(new_group))
        if new_group:
            key.group = _made_group(new_group, actor)
        text = mint_into(key)
        key.created_by = key.modified_by = actor.name
        key.save(force_insert=True)
        sent_forms.made(sent, key)
        audit.record(audit.Action.KEY_CREATED, actor, editing.subject(key), detail=editing.described(key))
    return text


def _require_in_the_future(key: ProvisioningKey) -> None:
    if key.expires_at and key.expires_at <= timezone.now():
        raise Invalid("expires_at", "Enter a time in the future, or disable the key instead.", "past")


def _hold_certificate(key: ProvisioningKey) -> None:
    signing_certificates.hold(key.signing_certificate_id, field="signing_certificate", now=timezone.now())


# What no model knows about the fields of a key.
RULES: Rules = {"expires_at": _require_in_the_future, "signing_certificate": _hold_certificate}


def rules_of_creation(new_group: str | ServiceEdgeGroup) -> Rules:
    """What no model knows about a new key, for which the group `new_group` is made unless that is empty."""
    return {**RULES, "new_group": lambda key: _require_one_group(key, new_group)}


def _require_one_group(key: ProvisioningKey, new_group: str | ServiceEdgeGroup) -> None:
    if new_group and key.group_id:
        raise Invalid("new_group", "Choose an existing group or name a new one, not both.", "both")
    if new_group:
        with _at_new_group():
            clean(_group_of(new_group), ["name"])


def _group_of(new_group: str | ServiceEdgeGroup) -> ServiceEdgeGroup:
    return new_group if isinstance(new_group, ServiceEdgeGroup) else ServiceEdgeGroup(name=new_group)


def _made_group(new_group: str | ServiceEdgeGroup, actor: Actor) -> ServiceEdgeGroup:
    group = _group_of(new_group)
    with _at_new_group():
        create_group(group, actor=actor)
    return group


@contextmanager
def _at_new_group() -> Iterator[None]:
    """What is wrong with the name of a group is shown at the field that names it."""
    try:
        yield
    except Invalid as refused:
        raise Invalid.of(fault._replace(field="new_group") for fault in refused.faults) from None


def edit_key(
    key: ProvisioningKey, *, fields: Collection[str], version: int, actor: Actor, different_root: bool = False
) -> None:
    """Store the named fields of an edited key. Turning `viewable` off destroys the sealed text for good.

    `different_root`: somebody has confirmed that its certificate may have a different root from the one before.
    Raises Gone, Managed, Stale, or Invalid (values, name taken, maximum below the count, viewable turned on again, a
    different root that is not confirmed).
    """
    with attempt(audit.Action.KEY_EDITED, actor, editing.attempted(key)):
        current = editing.lock(key)
        rules = rules_of_an_edit(current, different_root)
        editing.require_valid(current, key, fields=fields, version=version, rules=rules)
        detail = editing.changes(current, key, fields)
        if not detail:
            return
        shred = {} if key.viewable else {"sealed_token": None, "sealed_with": None}
        editing.save(current, key, fields, actor, **shred)
        editing.record_edit(audit.Action.KEY_EDITED, actor, key, detail)


def raise_limit(key: ProvisioningKey, *, max_uses: int, actor: Actor) -> None:
    """Store a higher maximum, whatever else was edited. Raises Gone, Managed, or Invalid if it is not higher."""
    with attempt(audit.Action.KEY_LIMIT_RAISED, actor, editing.attempted(key)):
        current = editing.lock(key)
        key.max_uses = max_uses
        clean(key, ["max_uses"], {"max_uses": lambda raised: _require_higher(raised, current)})
        detail = editing.changes(current, key, ["max_uses"])
        editing.save(current, key, ["max_uses"], actor)
        editing.record_edit(audit.Action.KEY_EDITED, actor, current, detail)


def _require_higher(raised: ProvisioningKey, current: ProvisioningKey) -> None:
    if raised.max_uses <= current.max_uses:
        raise Invalid("max_uses", f"The limit is {current.max_uses:,} already. Enter a higher number.", "not_higher")


def rules_of_an_edit(current: ProvisioningKey, different_root: bool = False) -> Rules:
    """What no model knows about an edit of this key; `different_root` is as for `edit_key`."""

    def require_room(edited: ProvisioningKey) -> None:
        if edited.max_uses < current.uses:
            edges = f"{current.uses} edge{'s' if current.uses > 1 else ''}"
            message = f"{edges} already used this key; the smallest allowed value is {current.uses}."
            raise Invalid("max_uses", message, "key_uses_stay_within_max")

    def require_stored(edited: ProvisioningKey) -> None:
        if edited.viewable:
            raise Invalid("viewable", TURNED_OFF, "not_viewable")

    def require_root(edited: ProvisioningKey) -> None:
        _hold_certificate(edited)
        this = ProvisioningKey.objects.filter(pk=current.pk)
        old, new = current.signing_certificate, edited.signing_certificate
        certificate_use.require_confirmed_root(this, old, new, different_root)

    return {**RULES, "max_uses": require_room, "viewable": require_stored, "signing_certificate": require_root}


def delete_key(key: ProvisioningKey, *, actor: Actor) -> None:
    """Delete a key; its edges keep running and its name is free again. Raises Gone or Managed."""
    with attempt(audit.Action.KEY_DELETED, actor, editing.attempted(key)):
        current = editing.lock(key)
        detail = editing.described(current)
        current.delete()
        audit.record(audit.Action.KEY_DELETED, actor, editing.subject(key), detail=detail)


def reveal_key(key: ProvisioningKey, *, purpose: str, actor: Actor) -> str:
    """The text, for `purpose` copy or show. Raises Invalid for any other, NotViewable, UsedUp, Unopenable or Gone."""
    if not isinstance(purpose, str) or purpose not in PURPOSES:
        raise Invalid("for", f"Choose one of {', '.join(PURPOSES)}.", "invalid_choice")
    return _hand_out(key, PURPOSES[purpose], actor)


def download_key(key: ProvisioningKey, *, actor: Actor) -> str:
    """The content of the key file: the text and a newline. Raises NotViewable, UsedUp, Unopenable or Gone."""
    return _hand_out(key, audit.Action.KEY_DOWNLOADED, actor) + "\n"


def _hand_out(key: ProvisioningKey, action: str, actor: Actor) -> str:
    subject = editing.subject(key)
    with attempt(action, actor, subject):
        text = _opened(_require_handed_out(key))
        audit.record(action, actor, subject)
    return text


def _require_handed_out(key: ProvisioningKey) -> ProvisioningKey:
    """The key as it is now, if its text may be handed out."""
    current = ProvisioningKey.objects.filter(pk=key.pk).first()
    if current is None:
        raise Gone(f"“{key.name}” was deleted in the meantime.")
    if current.copy_state is CopyState.HIDDEN:
        raise NotViewable("This key was shown once when it was created. Its text is not stored.")
    if current.copy_state is CopyState.USED_UP:
        raise UsedUp(f"{current.all_taken}. Raise the limit first.")
    return current


def _opened(key: ProvisioningKey) -> str:
    try:
        return open_token(key)
    except (SealBroken, KeyringError):
        # Somebody may have tampered with the database.
        logger.error("The sealed text of key %s does not open.", key.pk)
        raise Unopenable(
            "The stored text of this key can't be opened: it was changed, or the keyring that sealed it is missing. "
            "Make a new key for the same group and delete this one."
        ) from None
