"""The certificates that sign edges."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from keys.models.record import Record
from keys.sealing import Place


class SigningCertificate(Record):
    """An enrollment (CA) certificate and, sealed, its private key; a root has no parent.

    Made in `keys.certificates`; what it signs is made in `enrollment.issuance`.
    """

    class ClientType(models.TextChoices):
        NONE = "NONE", "None"
        CLIENT_CONNECTOR = "ZAPP_CLIENT", "Client Connector"
        ISOLATION_CLIENT = "ISOLATION_CLIENT", "Isolation Client"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    description = models.TextField(blank=True, max_length=1000)
    enabled = models.BooleanField(default=True, help_text="A disabled certificate signs nothing.")
    client_type = models.CharField(max_length=16, choices=ClientType.choices, default=ClientType.NONE)
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, editable=False, related_name="children")
    der = models.BinaryField("certificate")
    subject = models.CharField(max_length=1000, editable=False)
    issuer = models.CharField(max_length=1000, editable=False)
    common_name = models.CharField(max_length=255, editable=False)
    serial = models.CharField(max_length=40, editable=False, help_text="Hexadecimal, lower case.")
    fingerprint = models.CharField(max_length=64, unique=True, editable=False, help_text="SHA-256 of the DER, hex.")
    key_type = models.CharField(max_length=32, editable=False)
    not_before = models.DateTimeField("valid from", editable=False)
    not_after = models.DateTimeField("expires", editable=False)
    sealed_private_key = models.BinaryField(null=True)
    sealed_with = models.CharField(max_length=64, null=True, editable=False, help_text="Keyring id.")

    class Meta(Record.Meta):
        abstract = False
        verbose_name = "enrollment certificate"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["sort_name"],
                name="certificate_name_is_unique",
                violation_error_message="A certificate with this name exists already.",
            ),
            models.UniqueConstraint(fields=["issuer", "serial"], name="certificate_serial_is_unique_per_issuer"),
            models.CheckConstraint(condition=Q(not_after__gt=F("not_before")), name="certificate_ends_after_it_begins"),
            models.CheckConstraint(
                condition=Q(sealed_private_key__isnull=True, sealed_with__isnull=True)
                | Q(sealed_private_key__isnull=False, sealed_with__isnull=False),
                name="certificate_names_its_keyring_iff_sealed",
            ),
        ]

    def get_absolute_url(self) -> str:
        return reverse("keys:certificate-detail", args=[self.pk])

    @property
    def private_key_place(self) -> Place:
        """Where the private key is sealed."""
        return private_key_place(self.public_id)


def private_key_place(public_id: uuid.UUID | str) -> Place:
    """The place of the private key of the certificate with this public id."""
    return Place("keys_signingcertificate", "sealed_private_key", str(public_id))
