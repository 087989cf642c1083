"""The certificates that sign edges."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import ClassVar, Self, TypeAlias, TypeVar

from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from keys.crypto.sealing import Place
from keys.models.record import Record

NO_CERTIFICATE = "Choose a signing certificate."
CANNOT_SIGN = "Choose a certificate from the list: it must be enabled and not expired."
T = TypeVar("T")
# Only pending rows lack these values, and every reader asks for complete ones: so they are typed as always there.
Known: TypeAlias = "models.Field[T, T]"

_PENDING = Q(
    der__isnull=True,
    serial__isnull=True,
    fingerprint__isnull=True,
    not_before__isnull=True,
    not_after__isnull=True,
    request__isnull=False,
    sealed_private_key__isnull=False,
    enabled=False,
    issuer="",
)
_COMPLETE = Q(
    der__isnull=False,
    serial__isnull=False,
    fingerprint__isnull=False,
    not_before__isnull=False,
    not_after__isnull=False,
    request__isnull=True,
)


class SigningCertificateQuerySet(models.QuerySet["SigningCertificate"]):
    """Certificates, and those of them that are more than a request."""

    def complete(self) -> Self:
        """Without the pending ones: every reader of certificates starts here."""
        return self.filter(not_after__isnull=False)

    def able_to_sign(self, now: datetime) -> Self:
        """Those that may sign at this moment: with a private key, enabled, and in force."""
        return self.complete().filter(sealed_with__isnull=False, enabled=True, not_before__lte=now, not_after__gt=now)


class SigningCertificate(Record):
    """An enrollment (CA) certificate and, sealed, its private key; a root has no parent.

    Made in `keys.crypto.ca_certificates`; what it signs is made in `enrollment.pki.issuance`. One without a private key
    was uploaded as the parent of others and signs nothing here. A pending one has a private key and a request, and no
    certificate yet: it is disabled, and `der`, `serial`, `fingerprint`, `not_before` and `not_after` are NULL.
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
    request = models.BinaryField(null=True, help_text="The CSR in DER, while the certificate is pending.")
    der: Known[bytes] = models.BinaryField("certificate", null=True)  # type: ignore[misc]  # see Known
    subject = models.CharField(max_length=1000, editable=False)
    issuer = models.CharField(max_length=1000, editable=False)
    common_name = models.CharField(max_length=255, editable=False)
    serial: Known[str] = models.CharField(  # type: ignore[misc]  # see Known
        max_length=40, null=True, editable=False, help_text="Hexadecimal, lower case."
    )
    fingerprint: Known[str] = models.CharField(  # type: ignore[misc]  # see Known
        max_length=64, null=True, editable=False, help_text="SHA-256 of the DER, hex."
    )
    trust_anchor_sha256 = models.CharField(
        "root",
        max_length=64,
        editable=False,
        default="",
        db_default="",
        help_text="SHA-256 of its root's public key, hex, which key texts pin. Empty while it is pending.",
    )
    key_type = models.CharField(max_length=32, editable=False)
    not_before: Known[datetime] = models.DateTimeField("valid from", null=True, editable=False)  # type: ignore[misc]  # see Known
    not_after: Known[datetime] = models.DateTimeField("expires", null=True, editable=False)  # type: ignore[misc]  # see Known
    tried_at = models.DateTimeField(
        "tried",
        null=True,
        editable=False,
        help_text="When OpenSSL accepted an edge's certificate below it, also with strict checks.",
    )
    sealed_private_key = models.BinaryField(null=True)
    sealed_with = models.CharField(max_length=64, null=True, editable=False, help_text="Keyring id.")

    objects = SigningCertificateQuerySet.as_manager()

    class Meta(Record.Meta):
        abstract = False
        verbose_name = "enrollment certificate"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["sort_name"],
                name="certificate_name_is_unique",
                violation_error_message="A certificate with this name exists already.",
            ),
            models.UniqueConstraint(
                fields=["issuer", "serial"],
                name="certificate_serial_is_unique_per_issuer",
                violation_error_message=(
                    "Another certificate of this issuer has the same serial number. Sign it with another."
                ),
            ),
            models.UniqueConstraint(
                fields=["fingerprint"],
                name="certificate_is_stored_once",
                violation_error_message="This certificate is here already.",
            ),
            models.CheckConstraint(condition=Q(not_after__gt=F("not_before")), name="certificate_ends_after_it_begins"),
            models.CheckConstraint(
                condition=Q(sealed_private_key__isnull=True, sealed_with__isnull=True)
                | Q(sealed_private_key__isnull=False, sealed_with__isnull=False),
                name="certificate_names_its_keyring_iff_sealed",
            ),
            models.CheckConstraint(condition=_PENDING | _COMPLETE, name="certificate_is_pending_or_complete"),
        ]

    @property
    def is_pending(self) -> bool:
        """Whether its request still waits for the signed certificate."""
        return self.not_after is None

    def get_absolute_url(self) -> str:
        return reverse("keys:certificate-detail", args=[self.pk])

    @property
    def private_key_place(self) -> Place:
        """Where the private key is sealed."""
        return private_key_place(self.public_id)


def private_key_place(public_id: uuid.UUID | str) -> Place:
    """The place of the private key of the certificate with this public id."""
    return Place("keys_signingcertificate", "sealed_private_key", str(public_id))
