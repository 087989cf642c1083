"""Why a certificate of an edge is revoked: the choices of the form, the command and the lists."""

from __future__ import annotations

from django.db import models


class RevocationReason(models.TextChoices):
    """The reasons of RFC 5280 §5.3.1 that apply to an edge."""

    UNSPECIFIED = "unspecified", "Not specified"
    KEY_COMPROMISE = "keyCompromise", "Key compromised"
    SUPERSEDED = "superseded", "Replaced by another"
    CESSATION = "cessationOfOperation", "No longer in operation"
