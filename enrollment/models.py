"""Enrolled machines, their certificates, and revocation lists."""

from __future__ import annotations

import ssl
import uuid
from datetime import UTC, datetime
from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import Case, Exists, F, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Coalesce

from enrollment.revocation_reasons import RevocationReason
from keys.names import Named, SortNameField
from portal import record_addresses

# Replaces a missing time, so that it sorts before every other.
BEFORE_ALL = datetime(1970, 1, 1, tzinfo=UTC)


class ServiceEdgeQuerySet(models.QuerySet["ServiceEdge"]):
    """Edges, deleted ones included."""

    def live(self) -> Self:
        """Without the deleted ones."""
        return self.filter(deleted_at=None)

    def update_expiry(self) -> None:
        """Store again what edges hold of the ends of their certificates, after a change of these."""
        self.update(**expiry())


def expiry() -> dict[str, Any]:
    """What `certificate_until` and `revoked_from` of an edge must be, by its certificates."""
    certificates = IssuedCertificate.objects.filter(edge=OuterRef("pk"))
    ends = certificates.live().values("not_after")
    last = Coalesce(Subquery(ends.order_by("-not_after")[:1]), Value(BEFORE_ALL))
    return {
        "certificate_until": Coalesce(Subquery(ends.order_by("-pk")[:1]), Value(BEFORE_ALL)),
        "revoked_from": Case(When(Exists(certificates.revoked()), then=last)),
    }


class IssuedCertificateQuerySet(models.QuerySet["IssuedCertificate"]):
    """Certificates of edges, revoked and expired ones included."""

    def live(self) -> Self:
        """Those that are not revoked. They may have expired."""
        return self.filter(revoked_at=None)

    def in_force(self, now: datetime) -> Self:
        """Those that are neither revoked nor expired."""
        return self.live().filter(not_after__gt=now)

    def revoked(self) -> Self:
        """Those that are revoked. They may have expired."""
        return self.filter(revoked_at__isnull=False)


class ServiceEdge(Named, models.Model):
    """An enrolled machine. It holds the public id and the name of its key as text, because it outlives the key.

    A deleted edge keeps its row, so its key pair cannot enroll again and its certificates can still be revoked.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False, help_text="The certificate's CN.")
    name = models.CharField(max_length=300)
    sort_name = SortNameField()
    description = models.TextField(blank=True, max_length=1000)
    enabled = models.BooleanField(default=True)
    group = models.ForeignKey(
        "keys.ServiceEdgeGroup",
        on_delete=models.PROTECT,
        related_name="edges",
        db_index=False,  # edge_by_group is the index
    )
    key_public_id = models.CharField("public id of its key", max_length=32, editable=False)
    key_name = models.CharField("enrolled with key", max_length=255, editable=False)
    key_sort_name = SortNameField()
    use_number = models.BigIntegerField("use of its key", editable=False)
    enrolled_at = models.DateTimeField("enrolled", editable=False)
    enrolled_from = models.GenericIPAddressField(null=True, editable=False)
    deleted_at = models.DateTimeField(null=True, editable=False)
    last_contact_at = models.DateTimeField("last contact", null=True, editable=False)
    contacted = models.GeneratedField(
        expression=Coalesce(F("last_contact_at"), Value(BEFORE_ALL)),
        output_field=models.DateTimeField(),
        db_persist=True,
    )
    version = models.CharField(max_length=64, blank=True, db_default="", editable=False)
    platform = models.CharField(max_length=64, blank=True, db_default="", editable=False)
    addresses = models.JSONField(default=list, db_default=[], blank=True, editable=False)
    certificate_until = models.DateTimeField(
        "certificate expires",
        default=BEFORE_ALL,
        db_default=Value(BEFORE_ALL),
        editable=False,
        help_text="The end of its latest certificate that is not revoked; 1970 without one.",
    )
    revoked_from = models.DateTimeField(
        "revoked from",
        null=True,
        editable=False,
        help_text="Empty unless one was revoked. Then the end of the last one that is not revoked; 1970 without one.",
    )
    # The number of its edits plus one. `version` is that of its software.
    revision = models.PositiveIntegerField(default=1, db_default=1, editable=False)

    objects = ServiceEdgeQuerySet.as_manager()

    class Meta:
        verbose_name = "Private Service Edge"
        ordering: ClassVar = ["-id"]
        default_permissions: ClassVar = ["view", "change", "delete"]
        indexes: ClassVar = [
            # This and those below have what else counting asks, or decides the status, so that it reads no edges.
            models.Index(fields=["sort_name", "id", "deleted_at", "enabled", "revoked_from"], name="edge_by_name"),
            # Groups ask it how their edges are.
            models.Index(
                fields=["group", "id", "deleted_at", "enabled", "revoked_from", "contacted"], name="edge_by_group"
            ),
            models.Index(fields=["key_sort_name", "id"], name="edge_by_key"),
            models.Index(fields=["contacted", "id", "deleted_at", "enabled", "revoked_from"], name="edge_by_contact"),
            models.Index(fields=["version", "id", "deleted_at"], name="edge_by_version"),
            models.Index(fields=["certificate_until", "id", "deleted_at"], name="edge_by_expiry"),
            # Partial, because few are disabled, and an enrollment does not write to it. It has all that a count asks:
            # else SQLite reads the larger one by contact.
            models.Index(
                fields=["id", "enabled", "deleted_at", "revoked_from"],
                condition=Q(enabled=False, deleted_at=None),
                name="edge_disabled",
            ),
            models.Index(
                fields=["revoked_from", "id", "deleted_at"],
                condition=Q(revoked_from__isnull=False),
                name="edge_by_revocation",
            ),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["key_public_id", "use_number"], name="edge_is_one_use_of_its_key"),
            models.CheckConstraint(condition=Q(use_number__gte=1), name="edge_use_number_is_positive"),
            models.CheckConstraint(
                condition=Q(revoked_from__isnull=True)
                | Q(revoked_from__isnull=False, revoked_from__gte=F("certificate_until")),
                name="edge_is_not_revoked_before_its_certificate_ends",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """The edge's page."""
        return record_addresses.of("enrollment:edge-detail", self.pk)


class IssuedCertificate(models.Model):
    """An issued client certificate, kept for ever.

    `spki_sha256` identifies the edge's public key: a key pair belongs to one edge for ever. An edge may renew with the
    same key pair, so only the first certificate of a key pair claims it; the trigger
    `renewed_key_pair_is_the_edges_own` refuses the others for another edge.
    """

    edge = models.ForeignKey(ServiceEdge, on_delete=models.PROTECT, related_name="certificates")
    issuer = models.ForeignKey(
        "keys.SigningCertificate",
        on_delete=models.PROTECT,
        related_name="issued",
        db_index=False,  # issued_by_issuer_and_edge is the index
    )
    serial = models.CharField(max_length=40, help_text="Hexadecimal, lower case.")
    spki_sha256 = models.CharField("SHA-256 of the public key", max_length=64)
    claims_key_pair = models.BooleanField("first of its key pair", db_default=True, editable=False)
    renews = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        related_name="renewals",
        null=True,
        editable=False,
        db_index=False,
        verbose_name="renewal of",
    )
    replaces = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        related_name="replacements",
        null=True,
        editable=False,
        db_index=False,
        verbose_name="in the place of",
        help_text="A renewal for the same request that its edge never presented; it is revoked.",
    )
    fingerprint = models.CharField("SHA-256 fingerprint", max_length=64)
    der = models.BinaryField("certificate")
    not_before = models.DateTimeField("valid from")
    not_after = models.DateTimeField("expires")
    issued_at = models.DateTimeField("issued")
    presented_at = models.DateTimeField(
        "first presented", null=True, editable=False, help_text="By a heartbeat or a renewal, so the edge has it."
    )
    revoked_at = models.DateTimeField("revoked", null=True, blank=True)
    revocation_reason = models.CharField(max_length=24, choices=RevocationReason.choices, blank=True)
    listed_at = models.DateTimeField(
        "on a revocation list since", null=True, blank=True, help_text="Empty: its issuer's next list will name it."
    )

    objects = IssuedCertificateQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-id"]
        default_permissions: ClassVar = ["view"]
        permissions: ClassVar = [("revoke_issuedcertificate", "Can revoke issued certificates")]
        indexes: ClassVar = [
            models.Index(fields=["fingerprint"], name="issued_by_fingerprint"),
            # The list of certificates counts the edges of each from the index alone.
            models.Index(fields=["issuer", "edge", "not_after", "revoked_at"], name="issued_by_issuer_and_edge"),
            # Partial, so that inserting a certificate, which is not revoked then, does not write to them.
            models.Index(fields=["issuer"], condition=Q(revoked_at__isnull=False), name="issued_revoked_by_issuer"),
            models.Index(
                fields=["issuer"],
                condition=Q(revoked_at__isnull=False, listed_at__isnull=True),
                name="issued_revoked_and_not_listed",
            ),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["issuer", "serial"], name="issued_serial_is_unique_per_issuer"),
            models.UniqueConstraint(
                fields=["spki_sha256"], condition=Q(claims_key_pair=True), name="public_key_belongs_to_one_edge"
            ),
            models.UniqueConstraint(
                fields=["renews"],
                condition=Q(renews__isnull=False, replaces__isnull=True),
                name="certificate_is_renewed_once",
            ),
            models.UniqueConstraint(
                fields=["replaces"], condition=Q(replaces__isnull=False), name="renewal_is_replaced_once"
            ),
            models.CheckConstraint(
                condition=Q(claims_key_pair=True) | Q(renews__isnull=False), name="only_a_renewal_repeats_a_key_pair"
            ),
            models.CheckConstraint(condition=Q(not_after__gt=F("not_before")), name="issued_ends_after_it_begins"),
            models.CheckConstraint(
                condition=Q(revoked_at__isnull=True, revocation_reason="")
                | (Q(revoked_at__isnull=False) & ~Q(revocation_reason="")),
                name="issued_has_reason_iff_revoked",
            ),
            models.CheckConstraint(
                condition=Q(
                    revocation_reason__in=["", "unspecified", "keyCompromise", "superseded", "cessationOfOperation"]
                ),
                name="issued_revocation_reason_is_known",
            ),
            models.CheckConstraint(
                condition=Q(listed_at__isnull=True) | Q(revoked_at__isnull=False),
                name="issued_is_listed_only_when_revoked",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.serial}"

    @property
    def pem(self) -> str:
        return ssl.DER_cert_to_PEM_cert(bytes(self.der))


class RevocationList(models.Model):
    """The newest CRL of a signing certificate, as signed (RFC 5280 §5). A new one replaces it."""

    issuer = models.ForeignKey("keys.SigningCertificate", on_delete=models.CASCADE, related_name="revocation_lists")
    number = models.BigIntegerField(help_text="CRL number: grows from list to list, also after a restore.")
    der = models.BinaryField("list")
    this_update = models.DateTimeField("valid from")
    next_update = models.DateTimeField("expires")
    size = models.PositiveIntegerField("certificates on it")

    class Meta:
        ordering: ClassVar = ["-number"]
        default_permissions: ClassVar = []
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["issuer", "number"], name="revocation_list_number_is_unique_per_issuer"),
            models.CheckConstraint(condition=Q(number__gte=1), name="revocation_list_number_is_positive"),
            models.CheckConstraint(
                condition=Q(next_update__gt=F("this_update")), name="revocation_list_ends_after_it_begins"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.issuer_id} #{self.number}"
