"""The certificate of an address, and who may change it."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404

from keys.models import SigningCertificate

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
    certificate = found.filter(pk=pk).first()
    if certificate is None:
        raise Http404
    return certificate


def get_own_certificate(pk: int) -> SigningCertificate:
    """The certificate of an address that changes it: 403 for one the vendor manages."""
    certificate = get_certificate(pk)
    if certificate.managed:
        vendor = settings.VENDOR_NAME
        raise PermissionDenied(f"{vendor} manages “{certificate.name}”. It cannot be edited or deleted here.")
    return certificate
