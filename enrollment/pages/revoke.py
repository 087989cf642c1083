"""Revoke one certificate, an edge, or every edge of a key, after its name was typed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from enrollment.models import IssuedCertificate, ServiceEdge
from enrollment.operations import Revocation, revoke_certificate, revoke_edge, revoke_key
from enrollment.pages import revoke_preview
from enrollment.pages.revoke_form import LATE_LIST, RevokeForm
from enrollment.pages.revoke_preview import Preview
from keys.models import ProvisioningKey
from keys.operations.editing import subject
from keys.pages.key_access import get_key
from portal import actors, kept_forms, returning, success_messages
from portal.access import requires
from portal.actors import Actor
from portal.error_pages import render_error
from portal.success_messages import named
from portal.templatetags.counts import counted

PERMISSION = "enrollment.revoke_issuedcertificate"
FORBIDDEN = "You can't revoke certificates. Ask an administrator for the Operator role."
_LEAD_HERE = ("enrollment:edge-detail", "enrollment:edge-list", "keys:key-detail", "keys:key-list")


@dataclass(frozen=True, slots=True)
class _Target:
    """The target of a revocation: a certificate; without one, an edge; without both, every edge of a key."""

    name: str
    preview: Preview
    revoke: Callable[[str, Actor], Revocation]
    key: ProvisioningKey | None
    edge: ServiceEdge | None = None
    certificate: IssuedCertificate | None = None
    others: int = 0

    @property
    def page(self) -> tuple[str, str]:
        """Label and address of the page of what is revoked."""
        record: Any = self.edge or self.key
        return record.name, record.get_absolute_url()


@require_http_methods(["GET", "HEAD", "POST"])
@requires(PERMISSION, FORBIDDEN)
@kept_forms.keeps(RevokeForm)
def key_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """Revoke every edge of a key. The vendor may manage the key, because its edges are not the vendor's."""
    key = get_key(pk)

    def revoke(reason: str, actor: Actor) -> Revocation:
        return revoke_key(key.public_id, reason=reason, actor=actor, subject=subject(key))

    return _confirm(request, _Target(key.name, revoke_preview.of_key(key.public_id), revoke, key))


@require_http_methods(["GET", "HEAD", "POST"])
@requires(PERMISSION, FORBIDDEN)
@kept_forms.keeps(RevokeForm)
def edge_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """Revoke every certificate of one edge."""
    edge = get_object_or_404(ServiceEdge, pk=pk)

    def revoke(reason: str, actor: Actor) -> Revocation:
        return revoke_edge(edge, reason=reason, actor=actor)

    return _confirm(request, _Target(edge.name, revoke_preview.of_edge(edge.pk), revoke, _key_of(edge), edge))


@require_http_methods(["GET", "HEAD", "POST"])
@requires(PERMISSION, FORBIDDEN)
@kept_forms.keeps(RevokeForm)
def certificate_revoke(request: HttpRequest, pk: int, certificate_pk: int) -> HttpResponse:
    """Revoke one certificate of an edge. The edge keeps its others."""
    certificate = get_object_or_404(IssuedCertificate.objects.select_related("edge").defer("der"), pk=certificate_pk)
    # Compared in Python, because Django passes on a number that is too large for the database.
    if certificate.edge_id != pk:
        raise Http404
    edge = certificate.edge

    def revoke(reason: str, actor: Actor) -> Revocation:
        return revoke_certificate(certificate, reason=reason, actor=actor)

    preview, others = revoke_preview.of_certificate(certificate.pk), revoke_preview.others(certificate)
    return _confirm(request, _Target(edge.name, preview, revoke, _key_of(edge), edge, certificate, others))


def _key_of(edge: ServiceEdge) -> ProvisioningKey | None:
    return ProvisioningKey.objects.only("name", "enabled", "managed").filter(public_id=edge.key_public_id).first()


def _confirm(request: HttpRequest, target: _Target) -> HttpResponse:
    origin = returning.origin(request, _LEAD_HERE)
    back = ("Back", origin) if origin else target.page
    if not target.preview.certificates:
        return _nothing_left(request, target, back)
    form = RevokeForm(target.name, request.POST if request.method == "POST" else None)
    if not form.is_valid():
        kept_forms.shown_again(request, form)
        context = {"target": target, "form": form, "origin": origin, "back": back}
        return render(request, "enrollment/revoke.html", context)
    revocation = target.revoke(form.cleaned_data["reason"], actors.from_request(request))
    if not revocation.certificates:
        return _nothing_left(request, target, back)
    _report(request, target, revocation)
    return redirect(f"{back[1]}{_section(back[1], target)}")


def _section(address: str, target: _Target) -> str:
    """The part of the page that shows what was revoked, as the end of its address."""
    sections = {"keys:key-detail": "#edges", "enrollment:edge-detail": "#certificates" if target.certificate else ""}
    return sections.get(returning.page_of(address), "")


def _nothing_left(request: HttpRequest, target: _Target, back: tuple[str, str]) -> HttpResponse:
    if target.certificate:
        return render_error(request, 409, f"Certificate {target.certificate.serial} is revoked already.", back)
    whose = target.name if target.edge else f"the edges of {target.name}"
    return render_error(request, 409, f"There is no certificate of {whose} left to revoke.", back)


def _report(request: HttpRequest, target: _Target, revocation: Revocation) -> None:
    key, next_step = target.key, ""
    # As long as the key is enabled, whoever knows its text can enroll again.
    if key and key.enabled and not key.managed and request.user.has_perm("keys.change_provisioningkey"):
        label = "Disable its key too" if target.edge else "Disable the key too"
        next_step = success_messages.link(label, f"{reverse('keys:key-edit', args=[key.pk])}#id_enabled")
    certificates = counted(len(revocation.certificates), "certificate")
    parts: tuple[object, ...]
    if target.certificate:
        sentence, parts = "Revoked certificate {} of edge {}", (target.certificate.serial, named(target.edge))
    elif target.edge:
        sentence, parts = "Revoked edge {} with {}", (named(target.edge), certificates)
    else:
        sentence, parts = "Revoked {} of key {} with {}", (counted(revocation.edges, "edge"), named(key), certificates)
    success_messages.add(request, sentence, *parts, next_step=next_step)
    for name in revocation.late_lists:
        messages.warning(request, LATE_LIST.format(name))
