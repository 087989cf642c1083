"""Delete an edge, after its name was typed."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from enrollment.models import IssuedCertificate
from enrollment.operations import delete_edge
from enrollment.pages.edge_access import DELETE, FORBIDDEN, get_live_edge, list_that_led_here
from enrollment.pages.edge_forms import DeleteEdgeForm
from enrollment.pages.revoke_form import LATE_LIST
from portal import actors, kept_forms, success_messages
from portal.access import requires
from portal.success_messages import named
from portal.templatetags.counts import counted


@require_http_methods(["GET", "HEAD", "POST"])
@requires(DELETE, FORBIDDEN)
@kept_forms.keeps(DeleteEdgeForm)
def edge_delete(request: HttpRequest, pk: int) -> HttpResponse:
    edge, origin = get_live_edge(pk), list_that_led_here(request)
    form = DeleteEdgeForm(edge.name, request.POST if request.method == "POST" else None)
    if not form.is_valid():
        kept_forms.shown_again(request, form)
        context = {
            "edge": edge,
            "form": form,
            "origin": origin,
            "certificates": IssuedCertificate.objects.live().filter(edge=edge).count(),
        }
        return render(request, "enrollment/edge_delete.html", context)
    revocation = delete_edge(edge, actor=actors.from_request(request))
    # A deleted edge keeps its page. Its certificates may be revoked already.
    if certificates := revocation.certificates:
        revoked = counted(len(certificates), "certificate")
        success_messages.add(request, "Deleted edge {} and revoked {}", named(edge), revoked)
    else:
        success_messages.add(request, "Deleted edge {}", named(edge))
    for name in revocation.late_lists:
        messages.warning(request, LATE_LIST.format(name))
    return redirect(origin or "enrollment:edge-list")
