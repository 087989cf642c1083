"""The preferences and their allowed values. An unknown value becomes the default."""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.db import models

from portal import zones


class Theme(models.TextChoices):
    """The colors of pages; `system` follows the device."""

    SYSTEM = "system", "System"
    LIGHT = "light"
    DARK = "dark"


class Density(models.TextChoices):
    """The height of table rows."""

    COMFORTABLE = "comfortable"
    COMPACT = "compact"


AUTOMATIC = ""
UNKNOWN_ZONE = "Choose a time zone from the list, or “Browser default”."
COLUMNS = re.compile("[a-z_]+:[a-z_]+( [a-z_]+:[a-z_]+)*")
LONGEST_COLUMNS = 1_000
_COLOR_SCHEMES = {Theme.LIGHT: "light", Theme.DARK: "dark"}


@dataclass(frozen=True, slots=True)
class Preferences:
    """A user's preferences. `time_zone` is an IANA name, or AUTOMATIC for the browser's zone.

    `hidden_columns` are pairs of list and column, separated by spaces, with a colon between.
    """

    theme: str = Theme.SYSTEM
    density: str = Density.COMFORTABLE
    shortcuts: bool = True
    time_zone: str = AUTOMATIC
    hidden_columns: str = ""

    def hidden_in(self, listed: str) -> frozenset[str]:
        """The columns that the user hides in the list with this name."""
        pairs = (each.split(":") for each in self.hidden_columns.split())
        return frozenset(column for name, column in pairs if name == listed)

    @property
    def color_scheme(self) -> str:
        """The value of `<meta name="color-scheme">`, which applies before style sheets are loaded."""
        return _COLOR_SCHEMES.get(Theme(self.theme), "light dark")

    @property
    def is_compact(self) -> bool:
        return self.density == Density.COMPACT


def known(theme: str, density: str, shortcuts: str, time_zone: str, hidden_columns: str = "") -> Preferences:
    """Preferences from untrusted texts."""
    return Preferences(
        theme=theme if theme in Theme.values else Theme.SYSTEM,
        density=density if density in Density.values else Density.COMFORTABLE,
        shortcuts=shortcuts != "off",
        time_zone=time_zone if zones.find(time_zone) else AUTOMATIC,
        hidden_columns=hidden_columns if COLUMNS.fullmatch(hidden_columns) else "",
    )
