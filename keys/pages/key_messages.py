"""The messages after a key was changed."""

from __future__ import annotations

from collections.abc import Iterable

from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from keys.models import CopyState, ProvisioningKey
from portal import success_messages
from portal.success_messages import named


def key_saved(request: HttpRequest, before: ProvisioningKey, key: ProvisioningKey, fields: Iterable[str]) -> None:
    """`before` is the key as it was, `fields` are those that the form has."""
    changed = [name for name in fields if getattr(before, name) != getattr(key, name)]
    if changed == ["max_uses"] and key.max_uses > before.max_uses:
        limit_raised(request, key)
    else:
        success_messages.add(request, "Saved key {}", named(key))


def limit_raised(request: HttpRequest, key: ProvisioningKey) -> None:
    """A raised limit is for more edges, so that Copy is next."""
    next_step = _copy(key) if _may_copy(request, key) else ""
    parts = (named(key), f"{key.max_uses:,}")
    success_messages.add(request, "Limit of {} raised to {}", *parts, next_step=next_step)


def _may_copy(request: HttpRequest, key: ProvisioningKey) -> bool:
    return key.copy_state is CopyState.READY and request.user.has_perm("keys.reveal_provisioningkey")


def _copy(key: ProvisioningKey) -> SafeString:
    """A button of the form that each page with messages has."""
    reveal = reverse("keys:key-reveal", args=[key.pk])
    button = '<button form="messages-form" formaction="{}" name="for" value="copy" data-copy>Copy key</button>'
    return format_html(button, reveal)
