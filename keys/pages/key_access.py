"""The key of an address, and who may change it."""

from __future__ import annotations

from django.shortcuts import get_object_or_404

from keys.managed_rows import require_own
from keys.models import ProvisioningKey
from keys.pages.key_rows import without_secrets


def get_key(pk: int) -> ProvisioningKey:
    """The key of an address; 404 when there is none."""
    return get_object_or_404(without_secrets(), pk=pk)


def get_own_key(pk: int) -> ProvisioningKey:
    """The key of an address that changes it: 403 for one the vendor manages."""
    key = get_key(pk)
    require_own(key)
    return key
