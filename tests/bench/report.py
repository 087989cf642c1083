"""The table that `make bench` prints: each ratio with both its sides and what it must reach."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

HEAD = "| what | this side | the other side | ratio | must reach | met |\n|---|---|---|---|---|---|"


@dataclass(frozen=True, slots=True)
class Row:
    """One ratio of two medians. `bound` is what it must reach: at least when `at_least`, else at most."""

    what: str
    this: float
    other: float
    unit: str
    bound: float | None
    at_least: bool

    @property
    def ratio(self) -> float:
        return self.this / self.other

    @property
    def is_met(self) -> bool:
        if self.bound is None:
            return True
        return self.ratio >= self.bound if self.at_least else self.ratio <= self.bound

    def __str__(self) -> str:
        sign = "≥" if self.at_least else "≤"
        bound = f"{sign} {self.bound:g}" if self.bound is not None else "-"
        met = "" if self.bound is None else "yes" if self.is_met else "**no**"
        sides = f"{self.this:.1f} {self.unit} | {self.other:.1f} {self.unit}"
        return f"| {self.what} | {sides} | {self.ratio:.2f} | {bound} | {met} |"


def at_least(what: str, this: Sequence[float], other: Sequence[float], bound: float | None) -> Row:
    """A ratio of rates: more is better."""
    return Row(what, median(this), median(other), "/s", bound, at_least=True)


def at_most(what: str, this: Sequence[float], other: Sequence[float], bound: float | None) -> Row:
    """A ratio of times: less is better."""
    return Row(what, median(this), median(other), "ms", bound, at_least=False)
