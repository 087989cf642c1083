"""The address of the last page, which a new key answers and an existing key opens; and the end of a draft."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from enrollment.pages.wizard import ready, steps
from enrollment.pages.wizard.review import create
from portal import drafts
from portal.access import requires


@require_http_methods(["GET", "HEAD", "POST"])
@requires(steps.ADD, steps.FORBIDDEN)
def key_ready(request: HttpRequest) -> HttpResponse:
    """A POST creates what the draft asks for; a GET shows a key that exists."""
    return create(request) if request.method == "POST" else ready.shown(request)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(steps.ADD, steps.FORBIDDEN)
def discard(request: HttpRequest) -> HttpResponse:
    """Ask whether to forget the draft, and forget it."""
    draft = drafts.of(request.user.pk)
    if draft is None or request.method == "POST":
        drafts.discard(request.user.pk)
        if draft:
            messages.success(request, "Discarded the draft.")
        return redirect("enrollment:edge-list")
    number, address = steps.resumed_at(draft)
    return render(request, "enrollment/wizard/discard.html", {"number": number, "address": address})
