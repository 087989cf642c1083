"""A step that asks: its form with the answers of the draft, and what Next and Back do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from enrollment.pages.wizard import certificates, existing_keys, steps
from enrollment.pages.wizard.forms import EXISTING
from enrollment.pages.wizard.planning import planned
from enrollment.pages.wizard.ready import address_of_key
from keys.crypto import tokens
from keys.errors import Invalid
from keys.models import ServiceEdgeGroup
from keys.operations import create_group, create_key
from portal import actors, drafts, kept_forms, world_map
from portal.access import requires
from portal.models import Draft

BACK = "back"
_NOT_KEPT = "This holds the text of a key or a private key, which no draft keeps. Remove it."
_TOO_LONG = "The answers are too long to keep. Shorten a description or a list."


@require_safe
@requires(steps.ADD, steps.FORBIDDEN)
def begin(request: HttpRequest) -> HttpResponse:
    """The address above all steps leads to the first one, which offers to resume a draft."""
    return redirect(f"{steps.address('choose-key')}?{steps.BEGIN}")


def step_page(slug: str) -> Callable[..., HttpResponseBase]:
    """The view of one step."""

    @require_http_methods(["GET", "HEAD", "POST"])
    @requires(steps.ADD, steps.FORBIDDEN)
    @kept_forms.keeps(steps.FORMS[slug])
    def step(request: HttpRequest) -> HttpResponse:
        draft = drafts.of(request.user.pk)
        if missing := steps.first_open(draft, until=slug):
            if request.method == "POST":
                messages.warning(request, steps.ENDED)
            return redirect(steps.address(missing))
        if request.method == "POST":
            return _sent(request, draft, slug)
        return _page(request, draft, slug, kept_forms.shown_again(request, _opened(request, draft, slug)))

    return step


def _opened(request: HttpRequest, draft: Draft | None, slug: str) -> Any:
    """The form as the step opens: with what was answered before, and its errors once that is no longer accepted."""
    form = steps.bound(draft, slug)
    if form is not None and not form.is_valid():
        return form
    form = steps.FORMS[slug]()
    typed = drafts.typed(draft, slug)
    if typed is not None:
        kept_forms.fill_in(form, typed)
    elif slug == "group" and not ServiceEdgeGroup.objects.exists():
        form.initial["choice"] = "new"
    if slug == "choose-key" and request.GET.get("choice") == EXISTING:
        form.initial["choice"] = EXISTING
    return form


def _sent(request: HttpRequest, draft: Draft | None, slug: str) -> HttpResponse:
    form = steps.FORMS[slug](request.POST)
    answers = {name: request.POST.getlist(name) for name in form.fields if name in request.POST}
    if request.POST.get("go") == BACK:
        public = {name: values for name, values in answers.items() if not any(map(_is_secret, values))}
        # What is too long to keep is typed again.
        with suppress(drafts.TooLong):
            drafts.keep(request.user.pk, slug, public, done=False)
        return redirect(steps.address(steps.before(slug)))
    for name, values in answers.items():
        if any(map(_is_secret, values)):
            form.add_error(name, ValidationError(_NOT_KEPT, code="secret"))
    if form.is_valid():
        try:
            _judge(request, draft, slug, form)
            if slug == "choose-key" and form.cleaned_data["choice"] == EXISTING:
                return redirect(address_of_key(form.cleaned_data["key"]))
            draft = drafts.keep(request.user.pk, slug, answers, done=True)
        except Invalid as refused:
            form.refuse(refused)
        except drafts.TooLong:
            form.add_error(None, ValidationError(_TOO_LONG, code="too_long"))
    if form.errors:
        return _page(request, draft, slug, form)
    is_change = "change" in request.GET and not steps.first_open(draft)
    return redirect(steps.address("review" if is_change else steps.after(slug)))


def _is_secret(text: str) -> bool:
    return tokens.is_secret(text) or "PRIVATE KEY" in text


def _judge(request: HttpRequest, draft: Draft | None, slug: str, form: Any) -> None:
    """Raise Invalid for what the operations would refuse at the end."""
    actor = actors.from_request(request)
    if slug == "choose-key" and form.cleaned_data["choice"] == EXISTING:
        existing_keys.require_usable(form.cleaned_data["key"], request.user)
    elif slug == "group" and form.made:
        with _tried():
            create_group(form.made, actor=actor)
    elif slug == "key-details" and draft:
        plan = planned(draft, form)
        with _tried():
            create_key(plan.key, actor=actor, new_group=plan.new_group or "")


@contextmanager
def _tried() -> Iterator[None]:
    """A block that calls an operation to see whether it refuses. Nothing that it writes stays."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def _page(request: HttpRequest, draft: Draft | None, slug: str, form: Any) -> HttpResponse:
    shown = steps.shown(draft)
    is_change = "change" in request.GET
    context = {"form": form, "draft": draft, "steps": shown.values(), "step": shown[slug], "is_change": is_change}
    if slug == "choose-key":
        context |= existing_keys.found(request)
        # Not for who came back here from a later step.
        context["goes_on"] = steps.resumed_at(draft) if draft and steps.BEGIN in request.GET else None
    elif slug == "certificate":
        context |= certificates.offered(form, request.user)
    elif slug == "group":
        context |= {"world": world_map, "any_groups": ServiceEdgeGroup.objects.exists()}
    return render(request, f"enrollment/wizard/{slug.replace('-', '_')}.html", context)
