"""The page of the preferences, and the density button of list pages."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_POST

from portal.preferences import cookies, operations
from portal.preferences.forms import PreferencesForm
from portal.preferences.values import Density
from portal.views import render_error


@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request: HttpRequest) -> HttpResponse:
    stored = operations.of_account(request.user.pk)
    form = PreferencesForm(stored, request.POST if request.method == "POST" else None)
    if form.is_valid():
        cookies.keep(request, operations.change_preferences(request.user.pk, **form.cleaned_data))
        messages.success(request, "Saved your preferences.")
        return redirect("preferences")
    # The page says what the account holds; a browser that says otherwise is corrected.
    if stored != cookies.of(request):
        cookies.keep(request, stored)
    return render(request, "preferences.html", {"form": form})


@require_POST
def density(request: HttpRequest) -> HttpResponse:
    """`density`, and `next`: the page the button was on. A script gets 204 and stays where it is."""
    wanted = request.POST.get("density", "")
    if wanted not in Density.values:
        return render_error(request, 400, "Say which density: comfortable or compact.")
    cookies.keep(request, operations.change_preferences(request.user.pk, density=wanted))
    return HttpResponseRedirect(_next(request)) if request.accepts("text/html") else HttpResponse(status=204)


def _next(request: HttpRequest) -> str:
    """Where to go on: only to an address of this site, from its root on."""
    wanted = request.POST.get("next", "")
    is_ours = wanted.startswith("/") and url_has_allowed_host_and_scheme(wanted, allowed_hosts=None)
    return wanted if is_ours else reverse("preferences")
