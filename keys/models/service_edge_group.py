"""Where edges are deployed."""

from __future__ import annotations

from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Func, IntegerField, Q

from keys.models.record import Record
from portal import record_addresses
from portal.world_map import CELL_HIGH, CELL_WIDE, ROW

NOT_A_COUNTRY = "Enter the country as two capital letters, for example DE."
NOT_A_QUARTER_HOUR = "Choose a time of day in steps of 15 minutes."
_DAY_SECONDS = 24 * 60 * 60
_QUARTER_HOUR = 15 * 60
_MOST_MILES = 25_000
_MOST_KILOMETERS = "40233.6"


def validate_network_names(names: Any) -> None:
    """Refuse anything but a list of names."""
    # Printable: no NUL and no lone surrogate, which no database or page can hold.
    if not isinstance(names, list) or not all(isinstance(name, str) and name.isprintable() for name in names):
        raise ValidationError('Enter a list of names, for example ["Office", "Data center"].', code="names")


def place_of(location: str, city: str, country_code: str) -> str:
    """The location as people call it, else city and country as far as they are known."""
    return location or ", ".join(filter(None, [city, country_code]))


class Steps(Func):
    """How many whole steps of so many degrees a coordinate is from the number of degrees where they begin."""

    template = "FLOOR((%(expressions)s - (%(first)s)) / %(degrees)s)::integer"
    output_field = IntegerField()

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        # SQLite cuts off, and has FLOOR only if it was built with it.
        template = "CAST((%(expressions)s - (%(first)s)) / %(degrees)s AS integer)"
        return self.as_sql(compiler, connection, template=template, **context)


class ServiceEdgeGroup(Record):
    """One place of deployment: location, update window, and what its edges share. Field names follow the vendor."""

    class Publicity(models.TextChoices):
        DEFAULT = "DEFAULT", "Default"
        TRUE = "TRUE", "Yes"
        FALSE = "FALSE", "No"

    class VersionProfile(models.TextChoices):
        DEFAULT = "0", "Default"
        PREVIOUS_DEFAULT = "1", "Previous Default"
        NEW_RELEASE = "2", "New Release"

    class Day(models.TextChoices):
        MONDAY = "MONDAY"
        TUESDAY = "TUESDAY"
        WEDNESDAY = "WEDNESDAY"
        THURSDAY = "THURSDAY"
        FRIDAY = "FRIDAY"
        SATURDAY = "SATURDAY"
        SUNDAY = "SUNDAY"

    class DistanceUnit(models.TextChoices):
        MILES = "MILES", "miles"
        KMS = "KMS", "km"

    description = models.TextField(blank=True, max_length=1000)
    enabled = models.BooleanField(default=True, help_text="A disabled group refuses enrollment of its keys.")
    is_public = models.CharField(
        "publicly accessible", max_length=7, choices=Publicity.choices, default=Publicity.FALSE
    )
    trusted_networks = models.JSONField(
        "Client Connector trusted networks",
        default=list,
        blank=True,
        validators=[validate_network_names],
        help_text="A list of network names.",
    )
    use_in_dr_mode = models.BooleanField("disaster recovery", default=False)
    private_cloud = models.CharField("private cloud for business continuity", max_length=255, blank=True)
    exclusive_for_business_continuity = models.BooleanField(default=False)
    alternative_cloud = models.CharField("alternative cloud domain", max_length=253, blank=True)
    override_version_profile = models.BooleanField("persist local version profile", default=False)
    version_profile = models.CharField(max_length=1, choices=VersionProfile.choices, default=VersionProfile.DEFAULT)
    upgrade_day = models.CharField("software update day", max_length=9, choices=Day.choices, default=Day.SUNDAY)
    upgrade_seconds = models.PositiveIntegerField(
        "software update time", default=66_600, help_text="Seconds after midnight, in steps of 15 minutes."
    )
    location = models.CharField(max_length=255, blank=True)
    latitude = models.DecimalField(max_digits=9, decimal_places=6, null=True, blank=True)
    longitude = models.DecimalField(max_digits=9, decimal_places=6, null=True, blank=True)
    # Which cell of `portal.world_map` it is in: a map of many groups reads how many are in each from an index.
    map_cell = models.GeneratedField(
        expression=Steps("latitude", first=-90, degrees=CELL_HIGH) * ROW
        + Steps("longitude", first=-180, degrees=CELL_WIDE),
        output_field=models.IntegerField(null=True),
        db_persist=True,
    )
    city = models.CharField(max_length=255, blank=True)
    country_code = models.CharField(
        max_length=2,
        blank=True,
        help_text="ISO 3166 alpha-2, for example DE.",
        error_messages={"max_length": NOT_A_COUNTRY},
    )
    grace_distance_enabled = models.BooleanField("public service edge proximity override", default=False)
    grace_distance = models.DecimalField("distance", max_digits=7, decimal_places=2, null=True, blank=True)
    grace_distance_unit = models.CharField(
        "distance unit", max_length=5, choices=DistanceUnit.choices, default=DistanceUnit.MILES
    )

    class Meta(Record.Meta):
        abstract = False
        verbose_name = "Service Edge group"
        indexes: ClassVar = [
            models.Index(fields=["location", "id"], name="group_by_location"),
            models.Index(fields=["country_code"], name="group_by_country"),
            models.Index(fields=["map_cell", "id"], name="group_by_map_cell"),
            # Few are disabled, and each count of blocked keys asks which.
            models.Index(fields=["sort_name", "id"], condition=Q(enabled=False), name="group_disabled"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["sort_name"],
                name="group_name_is_unique",
                violation_error_message="A group with this name exists already.",
            ),
            models.CheckConstraint(
                # A comparison with NULL is neither true nor false, and a CHECK lets that pass: NULLs are named.
                condition=Q(latitude__isnull=True, longitude__isnull=True)
                | Q(
                    latitude__isnull=False,
                    longitude__isnull=False,
                    latitude__range=(-90, 90),
                    longitude__range=(-180, 180),
                ),
                name="group_has_both_coordinates_or_none",
                violation_error_message="Enter a latitude of -90 to 90 and a longitude of -180 to 180, or neither.",
            ),
            models.CheckConstraint(
                condition=Q(
                    upgrade_seconds__lt=_DAY_SECONDS, upgrade_seconds__in=range(0, _DAY_SECONDS, _QUARTER_HOUR)
                ),
                name="group_upgrades_at_a_quarter_hour",
                violation_error_message=NOT_A_QUARTER_HOUR,
            ),
            models.CheckConstraint(
                condition=Q(grace_distance_enabled=False) | Q(grace_distance__isnull=False, grace_distance__gt=0),
                name="group_override_has_a_distance",
                violation_error_message="Enter the distance of the proximity override.",
            ),
            models.CheckConstraint(
                condition=Q(grace_distance__isnull=True)
                | Q(grace_distance_unit="MILES", grace_distance__range=(0, _MOST_MILES))
                | Q(grace_distance_unit="KMS", grace_distance__range=(0, _MOST_KILOMETERS)),
                name="group_distance_is_on_earth",
                violation_error_message="The distance may be at most 25,000 miles or 40,233.6 km.",
            ),
            models.CheckConstraint(
                condition=Q(country_code="") | Q(country_code__regex=r"^[A-Z]{2}$"),
                name="group_country_is_two_letters",
                violation_error_message=NOT_A_COUNTRY,
            ),
        ]

    @property
    def place(self) -> str:
        """Where its edges are, in one line."""
        return place_of(self.location, self.city, self.country_code)

    def get_absolute_url(self) -> str:
        """The group's page."""
        return record_addresses.of("keys:group-detail", self.pk)
