"""What a complete draft asks for: a key, and perhaps a group; and what is worth a warning before both are created."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from enrollment.models import ServiceEdge
from enrollment.pages.wizard import steps
from keys import trust_anchors
from keys.models import ProvisioningKey, ServiceEdgeGroup, SigningCertificate
from keys.pages.expiry_badge import SOON, expiry
from portal.models import Draft


class Plan(NamedTuple):
    """A key that is not stored, with its certificate and its group; `new_group` is stored with it."""

    key: ProvisioningKey
    certificate: SigningCertificate
    group: ServiceEdgeGroup
    new_group: ServiceEdgeGroup | None


class Warned(NamedTuple):
    """A sentence, and the step that answers it."""

    sentence: str
    slug: str


def planned(draft: Draft, details: Any = None) -> Plan:
    """The plan of a draft without open steps; `details` is the form of the key that is not in the draft yet."""
    certificate, group = steps.bound(draft, "certificate"), steps.bound(draft, "group")
    details = details or steps.bound(draft, "key-details")
    for form in (certificate, group, details):
        form.is_valid()
    key, new_group = details.instance, group.made
    key.signing_certificate = certificate.cleaned_data["signing_certificate"]
    if new_group is None:
        key.group = group.cleaned_data["group"]
    return Plan(key, key.signing_certificate, new_group or key.group, new_group)


def warnings(plan: Plan, now: datetime) -> Iterator[Warned]:
    """What will surprise somebody after the key is created."""
    badge = expiry(plan.certificate.not_after, now)
    if badge:
        yield Warned(
            f"The signing certificate “{plan.certificate.name}” {badge.text[:1].lower()}{badge.text[1:]}. "
            "After that edges can't enroll with this key until it has another one.",
            "certificate",
        )
    if plan.certificate.pk in trust_anchors.with_different_root():
        yield Warned(
            f"“{plan.certificate.name}” has a different root than your other certificates. "
            "Edges, connectors and clients must share one.",
            "certificate",
        )
    if not plan.group.enabled:
        yield Warned(f"The group “{plan.group.name}” is disabled: it refuses enrollments until it is enabled.", "group")
    elif plan.new_group is None and not ServiceEdge.objects.live().filter(group=plan.group).exists():
        yield Warned(f"The group “{plan.group.name}” has no edges yet. This key brings its first.", "group")
    if not plan.key.enabled:
        yield Warned("The key is disabled: it refuses enrollments until it is enabled.", "key-details")
    if plan.key.expires_at and plan.key.expires_at - now < SOON:
        words = expiry(plan.key.expires_at, now)
        yield Warned(f"The key {words.text.lower() if words else 'expires soon'}.", "key-details")
    if not plan.key.viewable:
        yield Warned(
            "The key is shown once, on the next page. Have your vault ready: it can't be viewed again.", "key-details"
        )
