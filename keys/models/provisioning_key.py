"""The record an administrator keeps of one provisioning key."""

from __future__ import annotations

import ipaddress
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.db.models.lookups import GreaterThanOrEqual
from django.urls import reverse

from keys.crypto.sealing import Place
from keys.models.copy_state import CopyState, all_taken, copy_state
from keys.models.key_state import CertificateFacts, KeyFacts
from keys.models.record import Record
from keys.models.signing_certificate import CANNOT_SIGN, NO_CERTIFICATE
from keys.models.use_state import UseState
from portal.index_conditions import IsNot

NAMED = IsNot("sort_name", value="")
MOST_USES = 2_147_483_647
_LONGEST_NETWORK_LIST = 100
_USES_SENTENCE = f"Enter a whole number from 1 to {MOST_USES:,}."


def parse_network(text: Any) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    """A network in CIDR notation. Raises ValueError, for scope ids (`fe80::%eth0/64`) too: no caller carries one."""
    # A number is an address to ipaddress, and no line of a list; a scope id may hold any character at all.
    if not isinstance(text, str) or not text.isascii() or "%" in text:
        raise ValueError("not a network")
    return ipaddress.ip_network(text)


def validate_networks(networks: Any) -> None:
    """Refuse anything but a list of at most 100 networks in CIDR notation without host bits."""
    if not isinstance(networks, list) or len(networks) > _LONGEST_NETWORK_LIST:
        raise ValidationError(f"Enter at most {_LONGEST_NETWORK_LIST} networks.", code="networks")
    for position, network in enumerate(networks, start=1):
        try:
            parse_network(network)
        except ValueError:
            message = f"Line {position} is not a network such as 192.0.2.0/24 or 2001:db8::/32."
            raise ValidationError(message, code="networks") from None


class ProvisioningKey(Record):
    """Permission to enroll up to `max_uses` edges into one group, signed by one certificate.

    The text itself (the token) is never in this row: `fingerprint` recognizes it, and `sealed_token` holds it
    encrypted only while the key is viewable. `uses` counts enrollments and never falls.
    """

    public_id = models.CharField(max_length=32, unique=True, editable=False, help_text="The 16 open bytes, in hex.")
    group = models.ForeignKey(
        "keys.ServiceEdgeGroup",
        on_delete=models.PROTECT,
        related_name="keys",
        db_index=False,  # key_by_group serves
        error_messages={"null": "Choose a group, or name a new one.", "invalid": "Choose a group that exists."},
    )
    signing_certificate = models.ForeignKey(
        "keys.SigningCertificate",
        on_delete=models.PROTECT,
        related_name="keys",
        db_index=False,  # key_by_certificate serves
        error_messages={"null": NO_CERTIFICATE, "invalid": CANNOT_SIGN},
    )
    max_uses = models.BigIntegerField(
        "maximum number of Private Service Edges",
        default=1,
        help_text="Set it to the number you are about to deploy. You can raise it later.",
        validators=[MinValueValidator(1, _USES_SENTENCE), MaxValueValidator(MOST_USES, _USES_SENTENCE)],
    )
    uses = models.BigIntegerField("utilization count", default=0, editable=False)
    viewable = models.BooleanField("View or Export Provisioning Key After Creation", default=True)
    enabled = models.BooleanField(default=True, help_text="A disabled key refuses enrollment.")
    expires_at = models.DateTimeField("expires", null=True, blank=True)
    allowed_networks = models.JSONField(default=list, blank=True, validators=[validate_networks])
    fingerprint = models.BinaryField(max_length=32)
    pepper_id = models.CharField(max_length=64, editable=False, help_text="Keyring id of the fingerprint's pepper.")
    sealed_token = models.BinaryField(null=True)
    sealed_with = models.CharField(max_length=64, null=True, editable=False, help_text="Keyring id.")
    token_head = models.CharField(max_length=300, editable=False)
    token_tail = models.CharField(max_length=8, editable=False)
    pin = models.CharField(
        "pinned root",
        max_length=64,
        editable=False,
        default="",
        db_default="",
        help_text="As in the text. Empty: not known.",
    )
    last_used_at = models.DateTimeField("last used", null=True, editable=False)
    last_used_by = models.CharField("last used by", max_length=300, blank=True, editable=False)
    use_state = models.GeneratedField(
        expression=Case(
            When(uses__gte=F("max_uses"), then=Value("full")),
            When(uses=0, then=Value("unused")),
            When(GreaterThanOrEqual(F("uses") * 5, F("max_uses") * 4), then=Value("high")),
            default=Value("free"),
        ),
        output_field=models.CharField(max_length=6, choices=UseState.choices),
        db_persist=True,
    )

    class Meta(Record.Meta):
        abstract = False
        verbose_name = "provisioning key"
        permissions: ClassVar = [("reveal_provisioningkey", "Can show, copy and download provisioning keys")]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["sort_name"],
                name="key_name_is_unique",
                violation_error_message="A key with this name exists already.",
            ),
            models.CheckConstraint(
                condition=Q(max_uses__range=(1, MOST_USES)),
                name="key_max_uses_is_in_range",
                violation_error_message=_USES_SENTENCE,
            ),
            models.CheckConstraint(
                condition=Q(uses__gte=0, uses__lte=F("max_uses")),
                name="key_uses_stay_within_max",
                violation_error_message="The maximum cannot be lower than the number of edges that used this key.",
            ),
            models.CheckConstraint(
                condition=Q(viewable=True, sealed_token__isnull=False, sealed_with__isnull=False)
                | Q(viewable=False, sealed_token__isnull=True, sealed_with__isnull=True),
                name="key_token_is_stored_iff_viewable",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["max_uses", "id"], name="key_by_max_uses"),
            models.Index(fields=["uses", "id"], name="key_by_uses"),
            models.Index(fields=["created_at", "id"], name="key_by_created"),
            # This and those below have what else decides the state of a key, so that counting reads no keys.
            models.Index(fields=["group", "id", "enabled"], name="key_by_group"),
            models.Index(
                fields=["use_state", "sort_name", "enabled", "group", "expires_at", "signing_certificate", "pin"],
                name="key_by_use_state",
            ),
            # The keys that a certificate blocks are enabled and have uses left, and so are those with another root:
            # each is a range of this index.
            models.Index(
                fields=["signing_certificate", "enabled", "use_state", "pin", "group", "expires_at"],
                name="key_by_certificate",
            ),
            # The filters by state and status: partial, because enrollments write to each index that holds the key.
            models.Index(fields=["sort_name", "enabled"], condition=Q(enabled=False), name="key_disabled_by_name"),
            models.Index(fields=["sort_name", "viewable"], condition=Q(viewable=False), name="key_hidden_by_name"),
            models.Index(
                fields=["expires_at", "enabled", "group"],
                condition=Q(expires_at__isnull=False),
                name="key_by_expiry",
            ),
            # Only on SQLite, which looks in it for the keys of a page that filters leave. The condition is true, and
            # keeps SQLite from reading this index, which is large, for names alone.
            models.Index(
                fields=[
                    "sort_name",
                    "enabled",
                    "group",
                    "expires_at",
                    "use_state",
                    "signing_certificate",
                    "pin",
                    "viewable",
                    "managed",
                    "created_at",
                ],
                condition=Q(NAMED),
                name="key_in_order",
            ),
            # The part of its text that a row shows, for the search.
            models.Index(fields=["token_tail"], name="key_by_tail"),
            # A start asks which keys of the keyring are needed, whatever the number of rows.
            models.Index(fields=["sealed_with"], name="key_by_sealed_with"),
            models.Index(fields=["pepper_id"], name="key_by_pepper_id"),
        ]

    def get_absolute_url(self) -> str:
        return reverse("keys:key-detail", args=[self.pk])

    @property
    def copy_state(self) -> CopyState:
        """Whether Copy, Show and Download are offered."""
        return copy_state(viewable=self.viewable, uses=self.uses, max_uses=self.max_uses)

    @property
    def facts(self) -> KeyFacts:
        """What decides its state; reads its group and its certificate."""
        issuer = self.signing_certificate
        certificate = CertificateFacts(
            issuer.enabled,
            issuer.not_before,
            issuer.not_after,
            issuer.sealed_with is not None,
            issuer.trust_anchor_sha256,
        )
        return KeyFacts(
            self.enabled, self.group.enabled, self.expires_at, self.uses, self.max_uses, self.pin, certificate
        )

    @property
    def all_taken(self) -> str:
        """`all_taken` of this key."""
        return all_taken(self.max_uses)

    @property
    def token_place(self) -> Place:
        """Where the token is sealed."""
        return token_place(self.public_id)


def token_place(public_id: str) -> Place:
    """The place of the text of the key with this public id."""
    return Place("keys_provisioningkey", "sealed_token", public_id)
