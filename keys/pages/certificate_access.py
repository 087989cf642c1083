"""The certificate of an address, and who may change it."""

from __future__ import annotations

from cryptography import x509
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.safestring import SafeString

from keys.crypto.authority_rules import name_of
from keys.managed_rows import require_own
from keys.models import SigningCertificate
from keys.pages.presentation import colons
from portal import returning, success_messages

ADD = "keys.add_signingcertificate"
CHANGE = "keys.change_signingcertificate"
DELETE = "keys.delete_signingcertificate"
VIEW = "keys.view_signingcertificate"
FORBIDDEN = "Only administrators change enrollment certificates. Ask one of them."
NOT_ALLOWED = "You can't view enrollment certificates. Ask an administrator for the Viewer role."


def get_certificate(pk: int) -> SigningCertificate:
    """The certificate without its private key; 404 when there is none."""
    found = SigningCertificate.objects.select_related("parent").defer(
        "sealed_private_key", "parent__der", "parent__sealed_private_key"
    )
    return get_object_or_404(found, pk=pk)


def list_that_led_here(request: HttpRequest) -> str:
    """The list of certificates, with its filters, if the page was opened from it; else empty."""
    return returning.origin(request, ("keys:certificate-list",))


def add_key_step(certificate: SigningCertificate) -> SafeString:
    """The next step after a certificate that can sign was added: a key that uses it."""
    return success_messages.link("Add a key", f"{reverse('keys:key-add')}?cert={certificate.pk}")


def left_out_words(left_out: list[x509.Certificate]) -> str:
    """What was left out of an upload, as a further sentence without its full stop."""
    if not left_out:
        return ""
    named = (f"“{name_of(each)}” (serial {colons(f'{each.serial_number:x}')})" for each in left_out)
    return f". Left out, because the chain does not need it: {', '.join(named)}"


def get_own_certificate(pk: int) -> SigningCertificate:
    """The certificate of an address that changes it: 403 for one the vendor manages."""
    certificate = get_certificate(pk)
    require_own(certificate)
    return certificate
