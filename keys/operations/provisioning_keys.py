"""Every change and every handing out of a provisioning key, through whichever door.

Each function owns its transaction and writes its audit event in it. Doors check permission before they call.
"""

from __future__ import annotations

import logging
from collections.abc import Collection

from django.db import transaction
from django.utils.text import slugify

from keys.errors import Gone, Invalid, NotViewable, SealRefused, UsedUp
from keys.keyring import KeyringError
from keys.models import CopyState, ProvisioningKey, ServiceEdgeGroup
from keys.operations import editing
from keys.operations.minting import mint_into, open_token
from keys.operations.service_edge_groups import create_group
from keys.sealing import SealBroken
from portal import audit
from portal.actors import Actor

logger = logging.getLogger(__name__)
PURPOSES = {"copy": audit.Action.KEY_COPIED, "show": audit.Action.KEY_SHOWN}


def create_key(key: ProvisioningKey, *, actor: Actor, new_group: str = "") -> str:
    """Store a new key and return its text; `new_group` makes a group of that name for it.

    Raises Invalid when a name is taken.
    """
    with transaction.atomic(), editing.refusals_of(ProvisioningKey):
        if new_group:
            key.group = _made_group(new_group, actor)
        text = mint_into(key)
        key.created_by = key.modified_by = actor.name
        key.save(force_insert=True)
        audit.record(audit.Action.KEY_CREATED, actor, editing.subject(key), detail=_described(key))
    return text


def _made_group(name: str, actor: Actor) -> ServiceEdgeGroup:
    group = ServiceEdgeGroup(name=name)
    try:
        create_group(group, actor=actor)
    except Invalid as refused:
        raise Invalid("new_group", str(refused)) from None
    return group


def _described(key: ProvisioningKey) -> dict[str, str]:
    return {
        "max_uses": str(key.max_uses),
        "group": key.group.name,
        "signing_certificate": key.signing_certificate.name,
        "viewable": "on" if key.viewable else "off",
    }


def edit_key(key: ProvisioningKey, *, fields: Collection[str], version: int, actor: Actor) -> None:
    """Store the named fields of an edited key. Turning `viewable` off destroys the sealed text for good.

    Raises Gone, Managed, Stale, or Invalid (name taken, maximum below the count, viewable turned on again).
    """
    with transaction.atomic():
        current = editing.lock(key)
        editing.require_version(current, key, version, fields)
        _require_allowed(current, key)
        detail = editing.changes(current, key, fields)
        if not detail:
            return
        shred = {} if key.viewable else {"sealed_token": None, "sealed_with": None}
        editing.save(current, key, fields, actor, **shred)
        audit.record(audit.Action.KEY_EDITED, actor, editing.subject(key), detail=detail)


def _require_allowed(current: ProvisioningKey, edited: ProvisioningKey) -> None:
    if edited.max_uses < current.uses:
        message = f"{current.uses} edges already used this key; the smallest allowed value is {current.uses}."
        raise Invalid("max_uses", message)
    if edited.viewable and not current.viewable:
        raise Invalid("viewable", "This was turned off; the text is no longer stored, so it cannot be turned on again.")


def delete_key(key: ProvisioningKey, *, actor: Actor) -> None:
    """Delete a key; its edges keep running and its name is free again. Raises Gone or Managed."""
    with transaction.atomic():
        editing.lock(key).delete()
        audit.record(audit.Action.KEY_DELETED, actor, editing.subject(key), detail={"max_uses": str(key.max_uses)})


def reveal_key(key: ProvisioningKey, *, purpose: str, actor: Actor) -> str:
    """The text, for `purpose` copy or show. Raises NotViewable, UsedUp, SealRefused or Gone."""
    return _hand_out(key, PURPOSES[purpose], actor)


def download_key(key: ProvisioningKey, *, actor: Actor) -> str:
    """The content of the key file: the text and a newline. Raises as `reveal_key`."""
    return _hand_out(key, audit.Action.KEY_DOWNLOADED, actor) + "\n"


def file_name(key: ProvisioningKey) -> str:
    """What the downloaded file is called."""
    return f"{slugify(key.name) or f'key-{key.pk}'}.provisioning-key.txt"


def _hand_out(key: ProvisioningKey, action: str, actor: Actor) -> str:
    try:
        return _opened(key, action, actor)
    except (SealBroken, KeyringError):
        # After the rollback, so that it stays: either the keyring is incomplete or somebody wrote past the portal.
        logger.error("a sealed key does not open", extra={"key": key.pk, "request_id": actor.request_id})
        audit.record(action, actor, editing.subject(key), reason=SealRefused.code)
        message = (
            f"The stored text of “{key.name}” does not open. Check the keyring; if it is complete, the row was changed."
        )
        raise SealRefused(message) from None


def _opened(key: ProvisioningKey, action: str, actor: Actor) -> str:
    with transaction.atomic():
        current = ProvisioningKey.objects.filter(pk=key.pk).first()
        if current is None:
            raise Gone(f"“{key.name}” was deleted in the meantime.")
        if current.copy_state is CopyState.HIDDEN:
            raise NotViewable("This key was shown once when it was created. Its text is not stored.")
        if current.copy_state is CopyState.USED_UP:
            raise UsedUp(f"All {current.max_uses} uses of this key are taken. Raise the limit first.")
        text = open_token(current)
        audit.record(action, actor, editing.subject(current))
    return text
