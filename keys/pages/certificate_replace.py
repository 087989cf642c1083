"""Move the keys of a signing certificate to another one."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from keys.errors import Invalid, KeysChanged, Managed
from keys.models import SigningCertificate
from keys.operations import move_keys
from keys.operations.key_moving import MOST_AT_ONCE, movable
from keys.pages.certificate_access import CHANGE, FORBIDDEN, get_certificate, list_that_led_here
from keys.pages.certificate_forms import ReplaceForm
from keys.pages.root_warning import warn_of_root
from portal import actors, kept_forms, success_messages
from portal.access import requires
from portal.lists.counting import capped_count
from portal.success_messages import named
from portal.templatetags.counts import counted

SHOWN = 20


@require_http_methods(["GET", "HEAD", "POST"])
@requires(CHANGE, FORBIDDEN)
@requires("keys.change_provisioningkey", FORBIDDEN)
@kept_forms.keeps(ReplaceForm)
def certificate_replace(request: HttpRequest, pk: int) -> HttpResponse:
    # Also for one the vendor manages: what changes is the keys.
    certificate = get_certificate(pk)
    if request.method != "POST":
        form = ReplaceForm(certificate, _count(certificate))
        return _page(request, certificate, kept_forms.shown_again(request, form))
    form = ReplaceForm(certificate, 0, request.POST)
    if not form.is_valid():
        return _page(request, certificate, form)
    return _move(request, certificate, form)


def _move(request: HttpRequest, certificate: SigningCertificate, form: ReplaceForm) -> HttpResponse:
    chosen, confirmed = form.cleaned_data["certificate"], form.cleaned_data["confirmed"]
    ids = list(movable(certificate).order_by("pk").values_list("pk", flat=True)[:MOST_AT_ONCE])
    try:
        moved = move_keys(
            certificate,
            chosen,
            confirmed=confirmed,
            different_root=form.cleaned_data["different_root"],
            actor=actors.from_request(request),
        )
    except KeysChanged as changed:
        data = request.POST.copy()
        data["confirmed"] = str(_count(certificate))
        form = ReplaceForm(certificate, 0, data)
        form.is_valid()
        form.refuse(changed)
        return _page(request, certificate, form, status=changed.status)
    except (Invalid, Managed) as refused:
        form.refuse(refused)
        return _page(request, certificate, form)
    see_them = success_messages.link("See its keys", f"{reverse('keys:key-list')}?cert={chosen.pk}")
    parts = (counted(moved, "key"), named(certificate), named(chosen))
    success_messages.add(request, "Moved {} from certificate {} to {}", *parts, next_step=see_them)
    warn_of_root(request, ids, certificate, chosen)
    return redirect(list_that_led_here(request) or certificate.get_absolute_url())


def _count(certificate: SigningCertificate) -> int:
    return min(capped_count(movable(certificate)), MOST_AT_ONCE)


def _page(request: HttpRequest, certificate: SigningCertificate, form: ReplaceForm, status: int = 200) -> HttpResponse:
    context = {
        "certificate": certificate,
        "form": form,
        "count": _count(certificate),
        "most_at_once": MOST_AT_ONCE,
        "keys": movable(certificate).order_by("pk")[:SHOWN],
        "all": capped_count(certificate.keys.all()),
        "origin": list_that_led_here(request),
    }
    return render(request, "keys/certificate_replace.html", context, status=status)
