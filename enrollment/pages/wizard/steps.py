"""The steps of the wizard: their names, addresses and forms, and how far a draft has come."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from django.urls import reverse

from enrollment.pages.wizard.forms import CertificateForm, ChooseKeyForm, GroupStepForm, KeyStepForm
from portal import drafts
from portal.models import Draft

ADD = "keys.add_provisioningkey"
FORBIDDEN = "You can't add Private Service Edges. Ask an administrator for the Operator role."
ENDED = "Nothing was created: the draft was discarded, or changed in another tab. Go on from here."
# In this order. "Key ready" follows them and asks nothing.
NAMES = {
    "choose-key": "Choose key",
    "certificate": "Signing certificate",
    "group": "Group",
    "key-details": "Key details",
    "review": "Review",
}
FORMS: Mapping[str, Any] = {
    "choose-key": ChooseKeyForm,
    "certificate": CertificateForm,
    "group": GroupStepForm,
    "key-details": KeyStepForm,
}
# In the address of the first step: somebody wants to add an edge, and may have forgotten the draft.
BEGIN = "begin"
_ORDER = list(NAMES)


class Step(NamedTuple):
    """A step as a page shows it; `url` is empty until everything before it is answered."""

    slug: str
    name: str
    number: int
    url: str
    is_done: bool


def address(slug: str) -> str:
    """The address of a step."""
    return reverse(f"enrollment:edge-add-{slug}")


def before(slug: str) -> str:
    """The step before this one; the first has none before it."""
    return _ORDER[max(_ORDER.index(slug) - 1, 0)]


def after(slug: str) -> str:
    """The step after this one."""
    return _ORDER[_ORDER.index(slug) + 1]


def bound(draft: Draft | None, slug: str) -> Any:
    """The form of a step with the answers of a draft; None without accepted answers."""
    typed = drafts.typed(draft, slug)
    return None if draft is None or typed is None or slug not in draft.done else FORMS[slug](typed)


def first_open(draft: Draft | None, *, until: str = "review") -> str:
    """The first step before `until` whose answers are missing or no longer valid; empty when there is none."""
    for slug in _ORDER[: _ORDER.index(until)]:
        form = bound(draft, slug)
        if form is None or not form.is_valid():
            return slug
    return ""


def resumed_at(draft: Draft) -> tuple[int, str]:
    """The number and the address of the step at which a draft goes on."""
    slug = next((each for each in FORMS if each not in draft.done), "review")
    return _ORDER.index(slug) + 1, address(slug)


def shown(draft: Draft | None) -> dict[str, Step]:
    """All steps by slug."""
    done = draft.done if draft else []
    open_at = next((each for each in FORMS if each not in done), "review")
    reached = _ORDER[: _ORDER.index(open_at) + 1]
    return {
        slug: Step(slug, name, number, address(slug) if slug in reached else "", slug in done)
        for number, (slug, name) in enumerate(NAMES.items(), 1)
    }
