"""Edges that enrolled long ago, made by the operation on an earlier clock; run in the process of the portal itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.conf import settings

from enrollment import operations
from enrollment.answer import Enrolled
from keys import tokens
from keys.models import ProvisioningKey, SigningCertificate
from keys.operations import edit_key
from tests.enrollment.base import make_issuer
from tests.factories import ACTOR, EDGE

NAME = "Issuer of long ago"


def enroll_long_ago(text: str, csrs: list[str], days: int = 70) -> list[Enrolled]:
    """Enroll `days` ago. An issuer signs nothing before its own time, so the key gets one that is old enough."""
    then = datetime.now(UTC) - timedelta(days=days)
    public_id = tokens.read(text, {settings.CLOUD_DOMAIN}).public_id.hex()
    key = ProvisioningKey.objects.get(public_id=public_id)
    if key.signing_certificate.name != NAME:
        found = SigningCertificate.objects.filter(name=NAME).first()
        key.signing_certificate = found or make_issuer(NAME, days=3650, at=then - timedelta(days=365))
        edit_key(key, fields=["signing_certificate"], version=key.version, actor=ACTOR)
    return [operations.enroll(text, csr, caller=EDGE, now=then) for csr in csrs]
