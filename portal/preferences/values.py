"""The preferences and what each may be. An unknown value is its default, so that nothing of it can break a page."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import models

from portal import zones


class Theme(models.TextChoices):
    """Which colors; `system` follows the device."""

    SYSTEM = "system", "System"
    LIGHT = "light"
    DARK = "dark"


class Density(models.TextChoices):
    """How much room a row takes."""

    COMFORTABLE = "comfortable"
    COMPACT = "compact"


AUTOMATIC = ""
_COLOR_SCHEMES = {Theme.LIGHT: "light", Theme.DARK: "dark"}


@dataclass(frozen=True, slots=True)
class Preferences:
    """One person's choices. `time_zone` is an IANA name, or AUTOMATIC: as the browser says."""

    theme: str = Theme.SYSTEM
    density: str = Density.COMFORTABLE
    shortcuts: bool = True
    time_zone: str = AUTOMATIC

    @property
    def color_scheme(self) -> str:
        """What the page tells the browser before any style sheet is there."""
        return _COLOR_SCHEMES.get(Theme(self.theme), "light dark")

    @property
    def is_compact(self) -> bool:
        return self.density == Density.COMPACT


def known(theme: str, density: str, shortcuts: str, time_zone: str) -> Preferences:
    """Preferences from texts that anybody may have written."""
    return Preferences(
        theme=theme if theme in Theme.values else Theme.SYSTEM,
        density=density if density in Density.values else Density.COMFORTABLE,
        shortcuts=shortcuts != "off",
        time_zone=time_zone if zones.find(time_zone) else AUTOMATIC,
    )
