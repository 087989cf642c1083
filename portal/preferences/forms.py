"""The form of the preferences. Its field names are stable."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from django import forms
from django.forms.utils import flatatt
from django.utils.html import format_html
from django.utils.safestring import SafeString

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


@functools.lru_cache(maxsize=64)
def _options(chosen: str) -> SafeString:
    """The options of the zone select as HTML; a template takes 30 ms for them. `chosen` is a zone, or AUTOMATIC."""

    def option(value: str, label: str) -> SafeString:
        selected = SafeString(" selected" if value == chosen else "")
        return format_html('<option value="{}"{}>{}</option>', value, selected, label)

    parts = []
    for name, content in zone_choices(chosen):
        if isinstance(content, list):
            options = SafeString("".join(itertools.starmap(option, content)))
            parts.append(format_html('<optgroup label="{}">{}</optgroup>', name, options))
        else:
            parts.append(option(name, content))
    return SafeString("".join(parts))


class ZoneSelect(forms.Select):
    """A select of zones whose options are rendered once."""

    def render(self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None) -> SafeString:
        chosen = str(value or AUTOMATIC)
        chosen = chosen if zones.find(chosen) else AUTOMATIC
        return format_html("<select{}>{}</select>", flatatt({"name": name, **(attrs or {})}), _options(chosen))


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
    time_zone = ZoneField(
        label="Time zone", required=False, widget=ZoneSelect, error_messages={"invalid_choice": UNKNOWN_ZONE}
    )

    def __init__(self, stored: Preferences, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(data, initial=asdict(stored))
        self.fields["time_zone"].help_text = f"Times are shown in {zones.described(zones.current())}."
