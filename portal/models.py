"""Models of the whole site: the audit log, sign-in limits, sessions, each user's preferences, sent forms and drafts."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import models
from django.db.models import Q
from django.db.models.functions import Length
from django.db.models.lookups import LessThanOrEqual

from portal import zones
from portal.audit_actions import REVEALS, Action
from portal.audit_detail import DetailField
from portal.index_conditions import Is, IsNot, IsOneOf, Member
from portal.preferences.values import AUTOMATIC, LONGEST_COLUMNS, Density, Theme

BY_MACHINE = Is("interface", value="enrollment")
BY_PEOPLE = IsNot("interface", value="enrollment")
ON_A_KEY = Is("object_kind", value="key")
NOT_ON_AN_EDGE = IsNot("object_kind", value="edge")
WAS_REFUSED = Is("outcome", value="refused")
REVEALED_A_KEY = IsOneOf("action", values=", ".join(f"'{each.value}'" for each in REVEALS))
KEY_PUBLIC_ID = Member("detail", name="key_public_id")


class AuditEvent(models.Model):
    """An action that was done or refused: who, what, on which object, from where. Rows are never changed or deleted.

    Actor and object are copies, not foreign keys, so that the event outlives both. `detail` holds only the
    fields that `portal.audit_actions.DETAIL_FIELDS` lists for the action.
    """

    class Outcome(models.TextChoices):
        SUCCESS = "success"
        REFUSED = "refused"

    at = models.DateTimeField("time")
    action = models.CharField(max_length=32, choices=Action.choices)
    outcome = models.CharField(max_length=8, choices=Outcome.choices)
    reason = models.CharField("reason", max_length=64, blank=True, help_text="Stable code of a refusal.")
    actor_kind = models.CharField(max_length=16, help_text="user, edge, command or stranger")
    actor_id = models.CharField(max_length=64, blank=True)
    actor_name = models.CharField("actor", max_length=300, blank=True)
    interface = models.CharField(max_length=16, help_text="portal, support, enrollment, api or command")
    client_ip = models.GenericIPAddressField("client address", null=True, blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    object_kind = models.CharField(max_length=16, blank=True)
    object_id = models.CharField(max_length=64, blank=True)
    object_name = models.CharField("object", max_length=300, blank=True)
    detail = DetailField(default=dict, blank=True)
    once = models.CharField(
        max_length=200, null=True, blank=True, editable=False, help_text="Admits one event a minute, code and network."
    )

    class Meta:
        ordering: ClassVar = ["-id"]
        default_permissions: ClassVar = ["view"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["once"], condition=Q(once__isnull=False), name="audit_event_admitted_once"),
            models.CheckConstraint(
                condition=Q(outcome="success", reason="") | (Q(outcome="refused") & ~Q(reason="")),
                name="audit_event_has_reason_iff_refused",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["object_kind", "object_id", "id"], name="audit_event_by_object"),
            # For a key's page. Separate indexes, so that many machine events do not slow down the list of human ones.
            models.Index(KEY_PUBLIC_ID, "id", condition=Q(BY_MACHINE), name="audit_event_of_machines_by_key"),
            models.Index(
                fields=["object_id", "id"], condition=Q(ON_A_KEY, BY_PEOPLE), name="audit_event_of_people_by_key"
            ),
            # Includes refusals of unrecognized keys, whose object_id is empty.
            models.Index(
                fields=["object_id", "at", "id"], condition=Q(ON_A_KEY, BY_MACHINE), name="audit_event_refused_by_key"
            ),
            models.Index(fields=["request_id"], name="audit_event_by_request"),
            # For the list of the audit log, which is in order of time. Enrollments write to the complete ones.
            models.Index(fields=["at", "id"], name="audit_event_by_time"),
            models.Index(fields=["action", "at", "id"], name="audit_event_by_action"),
            models.Index(fields=["object_kind", "at", "id"], name="audit_event_by_kind"),
            models.Index(fields=["client_ip", "at", "id"], name="audit_event_by_address"),
            # The last columns of this and those below are what else people filter by, so that counting reads no events.
            models.Index(fields=["at", "id", "interface"], condition=Q(WAS_REFUSED), name="audit_event_refused"),
            models.Index(fields=["at", "id", "action"], condition=Q(REVEALED_A_KEY), name="audit_event_revealed_a_key"),
            models.Index(fields=["interface", "at", "id"], condition=Q(BY_PEOPLE), name="audit_event_by_interface"),
            models.Index(
                fields=["actor_name", "at", "id", "action", "outcome"],
                condition=Q(BY_PEOPLE),
                name="audit_event_by_actor",
            ),
            models.Index(
                fields=["object_kind", "object_id", "at", "id"],
                condition=Q(BY_PEOPLE),
                name="audit_event_people_by_object",
            ),
            # Edges are found by their names in the table of edges, where deleted ones stay.
            models.Index(fields=["object_name", "at", "id"], condition=Q(NOT_ON_AN_EDGE), name="audit_event_by_name"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.object_name}".strip()


class AuditSeal(models.Model):
    """A range of events and the digest that proves them; see `portal.audit_seals`. Never changed or deleted."""

    number = models.BigIntegerField(primary_key=True)
    first_event = models.BigIntegerField(unique=True)
    last_event = models.BigIntegerField()
    events = models.PositiveIntegerField(help_text="Events in the range: ids of failed transactions are left out.")
    previous = models.CharField(max_length=64, unique=True, help_text="Digest of the seal before.")
    digest = models.CharField(max_length=64, help_text="SHA-256, hexadecimal.")
    at = models.DateTimeField()

    class Meta:
        default_permissions: ClassVar = []

    def __str__(self) -> str:
        return f"seal {self.number}"


class AuditSealHorizon(models.Model):
    """One row: up to which event ids are complete, and which event waits for the end of older transactions."""

    event = models.BigIntegerField()
    transaction = models.BigIntegerField()
    complete = models.BigIntegerField()
    at = models.DateTimeField()

    class Meta:
        default_permissions: ClassVar = []

    def __str__(self) -> str:
        return f"complete up to {self.complete}"


class AuditTally(models.Model):
    """The number of equal events in one minute; see `portal.audit_tallies`. `event` holds the columns of the latest."""

    scope = models.CharField(max_length=300)
    minute = models.DateTimeField()
    seen = models.PositiveIntegerField()
    event = models.JSONField(null=True)

    class Meta:
        verbose_name_plural = "audit tallies"
        default_permissions: ClassVar = []
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["scope", "minute"], name="audit_tally_is_one_for_each_minute")
        ]

    def __str__(self) -> str:
        return f"{self.seen} of {self.scope}"


class SignInLock(models.Model):
    """Counted sign-in attempts of a name from a network, of a name, or from a network. See `portal.lockout`."""

    subject = models.CharField(max_length=64, unique=True, help_text="HMAC-SHA256 of user name and network.")
    failures = models.PositiveSmallIntegerField(default=0)
    first_failure_at = models.DateTimeField()
    locked_until = models.DateTimeField(null=True)

    class Meta:
        default_permissions: ClassVar = []

    def __str__(self) -> str:
        return self.subject


class KnownNetwork(models.Model):
    """A network from which a user has signed in. Failures elsewhere cannot lock the user out there."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    network = models.CharField(max_length=64, help_text="HMAC-SHA256 of the network.")
    at = models.DateTimeField("last sign-in")

    class Meta:
        default_permissions: ClassVar = []
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "network"], name="network_is_known_once_for_each_user")
        ]

    def __str__(self) -> str:
        return f"network of user {self.user_id}"


class UserSession(models.Model):
    """The user of a session, who can see and end it, and when it was last used. Only `portal.sessions` writes it."""

    # Without a foreign key constraint, so that `clearsessions` and other tools can delete rows of the session table.
    session = models.OneToOneField(
        Session, models.CASCADE, primary_key=True, db_constraint=False, related_name="of_user"
    )
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    browser = models.CharField(max_length=64, blank=True, help_text="In words, as the browser claims.")
    address = models.GenericIPAddressField("client address", null=True, blank=True)
    signed_in_at = models.DateTimeField("signed in")
    seen_at = models.DateTimeField("last seen")

    class Meta:
        default_permissions: ClassVar = []

    def __str__(self) -> str:
        return ", ".join(filter(None, [self.browser or "Unknown browser", self.address]))


class UserPreferences(models.Model):
    """A user's preferences. Only `portal.preferences.operations` writes them."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="+")
    theme = models.CharField(max_length=8, choices=Theme.choices, default=Theme.SYSTEM)
    density = models.CharField(max_length=16, choices=Density.choices, default=Density.COMFORTABLE)
    shortcuts = models.BooleanField("keyboard shortcuts", default=True)
    time_zone = models.CharField(
        max_length=zones.LONGEST_NAME, blank=True, default=AUTOMATIC, help_text="IANA name; empty: the browser's zone."
    )
    hidden_columns = models.CharField(
        max_length=LONGEST_COLUMNS, blank=True, default="", help_text="Pairs of list and column."
    )

    class Meta:
        verbose_name_plural = "user preferences"
        default_permissions: ClassVar = []
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(theme__in=Theme.values), name="preferences_theme_is_known"),
            models.CheckConstraint(condition=Q(density__in=Density.values), name="preferences_density_is_known"),
            models.CheckConstraint(
                condition=LessThanOrEqual(Length("time_zone"), zones.LONGEST_NAME),
                name="preferences_time_zone_is_short",
            ),
            models.CheckConstraint(
                condition=LessThanOrEqual(Length("hidden_columns"), LONGEST_COLUMNS),
                name="preferences_hidden_columns_are_few",
            ),
        ]

    def __str__(self) -> str:
        return f"preferences of user {self.pk}"


class SavedView(models.Model):
    """A named state of a list. Without an owner it is shared. Only `portal.lists.view_operations` writes it."""

    LONGEST = 60

    listed = models.CharField("list", max_length=32, help_text="The name of the list in addresses.")
    name = models.CharField(
        max_length=LONGEST,
        error_messages={
            "blank": "Enter a name for the view.",
            "max_length": f"Use at most {LONGEST} characters for the name of a view.",
        },
    )
    slug = models.CharField(max_length=LONGEST, help_text="The name in the address.")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="+")
    query = models.TextField(blank=True, help_text="The query string of the list.")

    class Meta:
        default_permissions: ClassVar = []
        permissions: ClassVar = [("share_savedview", "Can share views of lists")]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["listed", "owner", "slug"], name="saved_view_is_one_for_its_owner"),
            models.UniqueConstraint(
                fields=["listed", "slug"], condition=Q(owner=None), name="saved_view_is_one_of_the_shared"
            ),
            models.CheckConstraint(condition=~Q(slug=""), name="saved_view_has_a_slug"),
        ]

    def __str__(self) -> str:
        return self.name


class KeptForm(models.Model):
    """What a user typed into a form that was not accepted. Only `portal.kept_forms` writes it; it holds no secrets."""

    handle = models.CharField(max_length=32, unique=True, help_text="Random; in the address that shows the form again.")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    page = models.CharField(max_length=64, help_text="HMAC-SHA256 of the name of the browser.")
    path = models.CharField(max_length=2000)
    content = models.TextField(help_text="JSON: the values of the fields, and the names of those that are not kept.")
    at = models.DateTimeField(db_index=True)

    class Meta:
        default_permissions: ClassVar = []

    def __str__(self) -> str:
        return f"form of user {self.user_id} at {self.path}"


class SentForm(models.Model):
    """A form that was accepted, and the record it made. Only `portal.sent_forms` writes it."""

    digest = models.CharField(max_length=64, unique=True, help_text="SHA-256 of the user and of what was sent.")
    made_id = models.CharField(max_length=64, blank=True)
    made_name = models.CharField(max_length=300, blank=True)
    at = models.DateTimeField(db_index=True)

    class Meta:
        default_permissions: ClassVar = []

    def __str__(self) -> str:
        return f"form that made {self.made_name}"


class Draft(models.Model):
    """What a user has answered in the wizard so far. Only `portal.drafts` writes it; it holds no secrets."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    run = models.CharField(max_length=32, unique=True, help_text="Random; what this run creates is created once.")
    answers = models.JSONField(default=dict, help_text="By step: what was sent, by field.")
    done = models.JSONField(default=list, help_text="The steps whose answers were accepted.")
    at = models.DateTimeField("last change", db_index=True)

    class Meta:
        default_permissions: ClassVar = []
        constraints: ClassVar = [models.CheckConstraint(condition=~Q(run=""), name="draft_has_a_run")]

    def __str__(self) -> str:
        return f"draft of user {self.user_id}"
