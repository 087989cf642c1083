"""The last step before the key exists: what will be created, and what is worth a warning."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods

from enrollment.pages.wizard import ready, steps
from enrollment.pages.wizard.asking import BACK
from enrollment.pages.wizard.planning import Plan, planned, warnings
from keys import field_words
from keys.errors import Invalid
from keys.operations import create_key
from keys.pages.key_rows import without_secrets
from portal import actors, drafts, sent_forms
from portal.access import requires
from portal.models import Draft
from portal.refusals import Fault
from portal.sent_forms import SentBefore, SentForm
from portal.times import stamp

CHANGED = "The draft was changed in another tab since this page was opened. Check it again."
_STEP_OF_FIELD = {"signing_certificate": "certificate", "group": "group", "new_group": "group"}


@require_http_methods(["GET", "HEAD", "POST"])
@requires(steps.ADD, steps.FORBIDDEN)
def review(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        return redirect(steps.address("key-details")) if request.POST.get("go") == BACK else create(request)
    draft = drafts.of(request.user.pk)
    missing = steps.first_open(draft)
    if missing or draft is None:
        return redirect(steps.address(missing))
    return _page(request, draft)


@sensitive_variables("text")
def create(request: HttpRequest) -> HttpResponse:
    """Create what the draft asks for, once, and show the key."""
    # The draft is read first: the request that comes second finds either the draft or what the first one made.
    draft = drafts.of(request.user.pk)
    run = request.POST.get("run", "") or (draft.run if draft else "")
    digest = sent_forms.digest_of_run(request.user.pk, run) if run else ""
    if sent := sent_forms.find(digest):
        return _made_before(request, sent, draft)
    missing = steps.first_open(draft)
    if missing or draft is None or draft.run != run:
        messages.warning(request, steps.ENDED)
        return redirect(steps.address(missing or "review"))
    if request.POST.get("reviewed", _seal(draft)) != _seal(draft):
        return _page(request, draft, [Fault("", "changed", CHANGED)])
    plan = planned(draft)
    try:
        text = create_key(plan.key, actor=actors.from_request(request), new_group=plan.new_group or "", form=digest)
    except SentBefore as before:
        return _made_before(request, before.sent, draft)
    except Invalid as refused:
        return _page(request, draft, refused.faults)
    drafts.discard(request.user.pk)
    return ready.new_key(request, plan.key, text)


def _made_before(request: HttpRequest, sent: SentForm, draft: Draft | None) -> HttpResponse:
    if draft and sent_forms.digest_of_run(request.user.pk, draft.run) == sent.digest:
        drafts.discard(request.user.pk)
    key = without_secrets().filter(pk=sent.made_id or 0).first()
    deploy_steps = ready.address_of_key(key.pk) if key and key.viewable else ""
    return render(
        request, "enrollment/wizard/made_before.html", {"sent": sent, "key": key, "deploy_steps": deploy_steps}
    )


def _page(request: HttpRequest, draft: Draft, faults: Any = ()) -> HttpResponse:
    shown, now = steps.shown(draft), timezone.now()
    plan = planned(draft)
    context = {
        "draft": draft,
        "steps": shown.values(),
        "step": shown["review"],
        "plan": plan,
        "expires": stamp(plan.key.expires_at) if plan.key.expires_at else None,
        "certificate_expires": stamp(plan.certificate.not_after),
        "group_values": _group_values(plan),
        "warnings": list(warnings(plan, now)),
        "faults": [(each.sentence, _step_of(each.field)) for each in faults],
        "reviewed": _seal(draft),
    }
    return render(request, "enrollment/wizard/review.html", context)


def _step_of(field: str) -> str:
    return _STEP_OF_FIELD.get(field, "key-details") if field else ""


def _seal(draft: Draft) -> str:
    """What changes with each answer."""
    return hashlib.sha256(json.dumps(draft.answers, sort_keys=True).encode()).hexdigest()[:32]


def _group_values(plan: Plan) -> list[tuple[str, str]]:
    """Label and value of each field of a new group that is not as it would be without a choice."""
    group = plan.new_group
    if group is None:
        return []
    form_fields = steps.FORMS["group"].base_fields
    names = [name for name in steps.FORMS["group"].Meta.fields if name != "name"]
    return [
        (str(form_fields[name].label).partition(" (")[0], field_words.shown(name, getattr(group, name)))
        for name in names
        if getattr(group, name) != group._meta.get_field(name).get_default()  # type: ignore[union-attr]  # columns
    ]
