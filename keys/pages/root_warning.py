"""The message after keys were given a certificate of a different root."""

from __future__ import annotations

from collections.abc import Collection

from django.contrib import messages
from django.http import HttpRequest

from keys import certificate_use
from keys.models import ProvisioningKey, SigningCertificate
from portal.templatetags.counts import counted


def warn_of_root(
    request: HttpRequest, key_ids: Collection[int], old: SigningCertificate, new: SigningCertificate
) -> None:
    """Add a warning when these keys, which signed with `old`, now sign below a different root."""
    if new.trust_anchor_sha256 == old.trust_anchor_sha256:
        return
    effect = certificate_use.effect_of_root(ProvisioningKey.objects.filter(pk__in=key_ids), new)
    subject = "The key now signs" if len(key_ids) == 1 else f"{counted(len(key_ids), 'key')} now sign"
    messages.warning(request, f"{subject} below a different root. {effect}")
