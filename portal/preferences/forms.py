"""The form of the preferences. Its field names are stable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from django import forms

from portal import zones
from portal.preferences.values import AUTOMATIC, UNKNOWN_ZONE, Density, Preferences, Theme

Choice = tuple[str, Any]


def zone_choices(chosen: str) -> list[Choice]:
    """UTC, then zones grouped by region. Zones without a region are not offered, except the chosen one."""
    regions: dict[str, list[Choice]] = {}
    for name in sorted(zones.names()):
        region, _, city = name.partition("/")
        if region in zones.REGIONS:
            regions.setdefault(region, []).append((name, city.replace("_", " ")))
    others = [name for name in (zones.UTC_NAME, chosen) if name and name.partition("/")[0] not in regions]
    return [(AUTOMATIC, "Browser default"), *((name, name) for name in dict.fromkeys(others)), *regions.items()]


class ZoneField(forms.ChoiceField):
    """A time zone by IANA name: every zone of the machine is valid, also one that the list does not offer."""

    def valid_value(self, value: Any) -> bool:
        return zones.find(str(value)) is not None


class PreferencesForm(forms.Form):
    """All preferences at once."""

    theme = forms.ChoiceField(
        label="Theme",
        choices=Theme.choices,
        widget=forms.RadioSelect,
        error_messages=dict.fromkeys(("required", "invalid_choice"), "Choose one of the themes."),
    )
    density = forms.ChoiceField(
        label="Density of lists",
        choices=Density.choices,
        widget=forms.RadioSelect,
        error_messages=dict.fromkeys(("required", "invalid_choice"), "Choose one of the densities."),
    )
    shortcuts = forms.BooleanField(
        label="Keyboard shortcuts",
        required=False,
        help_text="Single keys such as / and x. Switch them off if you dictate, or press keys by accident.",
    )
    time_zone = ZoneField(label="Time zone", required=False, error_messages={"invalid_choice": UNKNOWN_ZONE})

    def __init__(self, stored: Preferences, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(data, initial=asdict(stored))
        self.fields["time_zone"].choices = zone_choices(stored.time_zone)  # type: ignore[attr-defined]  # a ZoneField
        self.fields["time_zone"].help_text = f"Times are shown in {zones.described(zones.current())}."
