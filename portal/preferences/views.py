"""The preferences page, and the addresses of the buttons for density (list pages) and theme (user menu)."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_POST

from portal import kept_forms
from portal.error_pages import render_error
from portal.preferences import cookies, operations
from portal.preferences.forms import PreferencesForm
from portal.preferences.values import Density, Theme


@require_http_methods(["GET", "HEAD", "POST"])
@kept_forms.keeps(PreferencesForm)
def preferences(request: HttpRequest) -> HttpResponse:
    stored = operations.of_account(request.user.pk)
    form = PreferencesForm(stored, request.POST if request.method == "POST" else None)
    if form.is_valid():
        cookies.keep(request, operations.change_preferences(request.user.pk, **form.cleaned_data))
        messages.success(request, "Saved your preferences.")
        return redirect("preferences")
    if not form.is_bound:
        kept_forms.shown_again(request, form)
    # Another browser may have changed the preferences: correct this browser's cookie.
    if stored != cookies.of(request):
        cookies.keep(request, stored)
    return render(request, "preferences.html", {"form": form})


@require_POST
def density(request: HttpRequest) -> HttpResponse:
    """Store `density` and redirect to `next`, the path of the button's page. A script gets 204 instead."""
    return _change(request, "density", Density, "Choose a density: comfortable or compact.", "next")


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """The same for `theme`, from the user menu, where `page` is the path: signing out there would follow `next`."""
    return _change(request, "theme", Theme, "Choose a theme: system, light or dark.", "page")


def _change(
    request: HttpRequest, name: str, choices: type[Theme] | type[Density], sentence: str, back: str
) -> HttpResponse:
    wanted = request.POST.get(name, "")
    if wanted not in choices.values:
        return render_error(request, 400, sentence)
    cookies.keep(request, operations.change_preferences(request.user.pk, **{name: wanted}))
    if not request.accepts("text/html"):
        return HttpResponse(status=204)
    target = request.POST.get(back, "")
    is_own_path = target.startswith("/") and url_has_allowed_host_and_scheme(target, allowed_hosts=None)
    return HttpResponseRedirect(target if is_own_path else reverse("preferences"))
