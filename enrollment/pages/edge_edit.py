"""Edit an edge, resolve the conflict when somebody else edited it at the same time, and enable or disable it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_http_methods, require_POST

from enrollment.models import BEFORE_ALL, ServiceEdge
from enrollment.operations import edit_edge, set_enabled
from enrollment.pages.edge_access import CHANGE, FORBIDDEN, get_live_edge, list_that_led_here
from enrollment.pages.edge_forms import EditEdgeForm
from keys.errors import Stale
from keys.pages.save_edit import save_edit
from portal import actors, kept_forms, success_messages
from portal.access import requires
from portal.success_messages import named
from portal.times import stamp


@require_http_methods(["GET", "HEAD", "POST"])
@requires(CHANGE, FORBIDDEN)
@kept_forms.keeps(EditEdgeForm)
def edge_edit(request: HttpRequest, pk: int) -> HttpResponse:
    edge = get_live_edge(pk)
    if request.method != "POST":
        return _page(request, edge, kept_forms.shown_again(request, EditEdgeForm(instance=edge)))
    # The form writes into its own copy; `edge` stays what the database holds.
    form = EditEdgeForm(request.POST, instance=get_live_edge(pk))
    # Its `version` is that of the edge's software.
    stale = save_edit(request, form, lambda edited, version, **given: edit_edge(edited, revision=version, **given))
    if stale or form.errors:
        return _page(request, edge, form.at_version(stale.version) if stale else form, stale)
    success_messages.add(request, "Saved edge {}", named(form.instance))
    return redirect(list_that_led_here(request) or edge.get_absolute_url())


def _page(request: HttpRequest, edge: ServiceEdge, form: EditEdgeForm, stale: Stale | None = None) -> HttpResponse:
    context = {"edge": edge, "form": form, "stale": stale, "origin": list_that_led_here(request)}
    return render(request, "enrollment/edge_edit.html", context, status=stale.status if stale else 200)


@require_POST
@requires(CHANGE, FORBIDDEN)
def edge_enable(request: HttpRequest, pk: int) -> HttpResponse:
    edge = get_live_edge(pk)
    set_enabled(edge, True, actor=actors.from_request(request))
    success_messages.add(request, "Enabled edge {}: it may renew and send heartbeats again", named(edge))
    return redirect(edge.get_absolute_url())


@require_POST
@requires(CHANGE, FORBIDDEN)
def edge_disable(request: HttpRequest, pk: int) -> HttpResponse:
    edge = get_live_edge(pk)
    set_enabled(edge, False, actor=actors.from_request(request))
    sentence = "Disabled edge {}: its renewals and heartbeats are refused, and its certificate stays valid{}"
    success_messages.add(request, sentence, named(edge), _until(edge), next_step=_undo(edge))
    return redirect(edge.get_absolute_url())


def _until(edge: ServiceEdge) -> str:
    return f" until {stamp(edge.certificate_until).day}" if edge.certificate_until > BEFORE_ALL else ""


def _undo(edge: ServiceEdge) -> SafeString:
    """A button of the form that each page with messages has."""
    address = reverse("enrollment:edge-enable", args=[edge.pk])
    return format_html('<button form="messages-form" formaction="{}">Enable it again</button>', address)
