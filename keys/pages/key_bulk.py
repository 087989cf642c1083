"""What is done with many keys at once. Each is one operation for each key."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy

from django.db.models import Max, Min, Q

from keys.models import ProvisioningKey
from keys.operations import delete_key, edit_key, raise_limit
from keys.pages.key_forms import LimitForm
from portal.actors import Actor
from portal.lists.bulk import BulkAction


def _set_enabled(key: ProvisioningKey, enabled: bool, actor: Actor) -> None:
    key.enabled = enabled
    edit_key(key, fields=["enabled"], version=key.version, actor=actor)


def _limits_now(keys: Sequence[int]) -> str:
    chosen = ProvisioningKey.objects.filter(pk__in=keys)
    least, most = chosen.aggregate(least=Min("max_uses"), most=Max("max_uses")).values()
    return f"The limit is {most:,} now." if least == most else f"The limits are {least:,} to {most:,} now."


_NEW_LIMIT = copy(LimitForm.base_fields["max_uses"])
_NEW_LIMIT.label, _NEW_LIMIT.help_text, _NEW_LIMIT.initial = "New limit", "Each key gets this limit.", None
CHANGE, DELETE = "keys.change_provisioningkey", "keys.delete_provisioningkey"
KEY_ACTIONS = (
    BulkAction(
        word="raise-limit",
        label="Raise limit",
        ask="Raise the limit of",
        done="Raised the limit of",
        permission=CHANGE,
        run=lambda key, value, actor: raise_limit(key, max_uses=value, actor=actor),
        consequences=("More Private Service Edges can enroll with {the|each} key.",),
        effect=_limits_now,
        asks=_NEW_LIMIT,
    ),
    BulkAction(
        word="enable",
        label="Enable",
        ask="Enable",
        done="Enabled",
        permission=CHANGE,
        run=lambda key, _, actor: _set_enabled(key, True, actor),
        already=("already enabled", lambda: Q(enabled=True)),
        consequences=("{The|Each} key admits edges again, unless it is at its limit, expired or blocked.",),
    ),
    BulkAction(
        word="disable",
        label="Disable",
        ask="Disable",
        done="Disabled",
        permission=CHANGE,
        run=lambda key, _, actor: _set_enabled(key, False, actor),
        already=("already disabled", lambda: Q(enabled=False)),
        consequences=(
            "No further Private Service Edge can enroll with {this key until it is|these keys until they are} enabled.",
            "Edges that enrolled with {it|them} keep running and renewing.",
        ),
    ),
    BulkAction(
        word="delete",
        label="Delete",
        ask="Delete",
        done="Deleted",
        permission=DELETE,
        run=lambda key, _, actor: delete_key(key, actor=actor),
        consequences=(
            "No further Private Service Edge can enroll with {this key|these keys}.",
            "Edges that enrolled with {it|them} keep running and renewing, and keep showing {its|their} {name|names}.",
            "This cannot be undone.",
        ),
        typed=True,
    ),
)
