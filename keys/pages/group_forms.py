"""The form of a group, for adding and editing. Its fields have the names of the model's."""

from __future__ import annotations

from typing import ClassVar

from django import forms

from keys.models import ServiceEdgeGroup
from keys.models.service_edge_group import NOT_A_QUARTER_HOUR
from keys.names import LONGEST_NAME
from keys.update_schedule import time_of_day
from portal.forms import ConfirmNameForm, LinesField, RecordForm, VersionField

_QUARTER_HOUR = 15 * 60
_TIMES = [(second, time_of_day(second)) for second in range(0, 86_400, _QUARTER_HOUR)]
PLACE = ("location", "city", "country_code", "latitude", "longitude")
# Headings under "More settings", each with its fields.
RARE = {
    "Software updates": ("upgrade_day", "upgrade_seconds", "override_version_profile", "version_profile"),
    "Access": ("is_public", "trusted_networks", "alternative_cloud"),
    "Public Service Edge proximity": ("grace_distance_enabled", "grace_distance", "grace_distance_unit"),
    "Business continuity": ("use_in_dr_mode", "private_cloud", "exclusive_for_business_continuity"),
}


class GroupForm(RecordForm):
    """A new group, or the settings of an existing one."""

    trusted_networks = LinesField(
        label="Client Connector trusted networks", help_text="One name a line. Empty: no network is trusted."
    )
    upgrade_seconds = forms.TypedChoiceField(
        label="Time (UTC)",
        coerce=int,
        initial=ServiceEdgeGroup._meta.get_field("upgrade_seconds").get_default(),
        choices=_TIMES,
        error_messages={"invalid_choice": NOT_A_QUARTER_HOUR},
    )

    class Meta:
        model = ServiceEdgeGroup
        fields = ("name", "description", *PLACE, "enabled", *(name for names in RARE.values() for name in names))
        widgets: ClassVar = {
            "name": forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
            "description": forms.Textarea(attrs={"rows": 2}),
            "country_code": forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
            "latitude": forms.NumberInput(attrs={"step": "any", "min": -90, "max": 90}),
            "longitude": forms.NumberInput(attrs={"step": "any", "min": -180, "max": 180}),
            "grace_distance": forms.NumberInput(attrs={"step": "any", "min": 0}),
        }
        labels: ClassVar = {
            "latitude": "Latitude (-90 to 90)",
            "longitude": "Longitude (-180 to 180)",
            "upgrade_day": "Day",
            "override_version_profile": "Persist local version profile",
            "grace_distance_enabled": "Public Service Edge proximity override",
        }
        help_texts: ClassVar = {
            "name": "Letters, digits, spaces and . - _ only.",
            "location": "As people call it, such as Berlin, Germany.",
            "country_code": "Two letters (ISO 3166), such as DE.",
            "enabled": "A disabled group refuses enrollments with its keys and renewals of its edges.",
            "is_public": "Whether users outside the trusted networks may use its edges.",
            "alternative_cloud": "A domain name, such as example.net.",
            "override_version_profile": "The group keeps the version profile below when the default changes.",
            "grace_distance_enabled": "Users within the distance prefer these edges to public ones.",
            "grace_distance": "At most 25,000 miles or 40,233.6 km.",
            "use_in_dr_mode": "The edges serve users while the cloud cannot be reached.",
            "exclusive_for_business_continuity": "The edges serve users at no other time.",
        }
        error_messages: ClassVar = {"name": {"required": f"Enter a name of 1 to {LONGEST_NAME} characters."}}

    def clean_country_code(self) -> str:
        code: str = self.cleaned_data["country_code"]
        return code.upper()

    @property
    def rare(self) -> list[tuple[str, list[forms.BoundField]]]:
        """The fields under "More settings" by heading."""
        return [(heading, [self[name] for name in names]) for heading, names in RARE.items()]

    @property
    def is_rare_open(self) -> bool:
        """Whether "More settings" must be open: to show an error, or what is not as it would be without a choice."""
        names = {"description", *(name for each in RARE.values() for name in each)}
        defaults = {name: ServiceEdgeGroup._meta.get_field(name).get_default() for name in names}  # type: ignore[union-attr]  # columns
        return bool(names & set(self.errors)) or any(getattr(self.instance, name) != defaults[name] for name in names)


class EditGroupForm(GroupForm):
    """An existing group; `version` is the one this form was opened with."""

    version = VersionField()


class DeleteGroupForm(ConfirmNameForm):
    """Deleting takes typing the name."""

    whose = " of the group"
