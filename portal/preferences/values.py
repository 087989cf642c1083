"""The preferences and their allowed values. An unknown value becomes the default."""

from __future__ import annotations

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
_COLOR_SCHEMES = {Theme.LIGHT: "light", Theme.DARK: "dark"}


@dataclass(frozen=True, slots=True)
class Preferences:
    """A user's preferences. `time_zone` is an IANA name, or AUTOMATIC for the browser's zone."""

    theme: str = Theme.SYSTEM
    density: str = Density.COMFORTABLE
    shortcuts: bool = True
    time_zone: str = AUTOMATIC

    @property
    def color_scheme(self) -> str:
        """The value of `<meta name="color-scheme">`, which applies before style sheets are loaded."""
        return _COLOR_SCHEMES.get(Theme(self.theme), "light dark")

    @property
    def is_compact(self) -> bool:
        return self.density == Density.COMPACT


def known(theme: str, density: str, shortcuts: str, time_zone: str) -> Preferences:
    """Preferences from untrusted texts."""
    return Preferences(
        theme=theme if theme in Theme.values else Theme.SYSTEM,
        density=density if density in Density.values else Density.COMFORTABLE,
        shortcuts=shortcuts != "off",
        time_zone=time_zone if zones.find(time_zone) else AUTOMATIC,
    )
