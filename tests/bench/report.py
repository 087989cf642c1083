"""What was measured, as rows of one Markdown table: both sides, their ratio, and whether the goal is reached."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

HEAD = ("what", "this", "beside", "ratio", "must reach", "aim for", "reached")


@dataclass(frozen=True, slots=True)
class Goal:
    """A bound on a ratio: `must` is to be reached, `aim` hoped for. A rate has to be high, a time low."""

    must: float
    aim: float
    is_rate: bool = False

    def is_reached(self, value: float) -> bool:
        """Whether `value`, at the precision that is printed, is on the right side of `must`."""
        value = round(value, 2)
        return value >= self.must if self.is_rate else value <= self.must

    def write(self, bound: float) -> str:
        """A bound as it stands in the table."""
        return f"{'≥' if self.is_rate else '≤'} {bound:g}"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. Without a goal it only informs."""

    what: str
    this: str
    beside: str
    value: float
    goal: Goal | None = None
    spread: tuple[float, float] | None = None

    @property
    def cells(self) -> tuple[str, ...]:
        spread = f" ({self.spread[0]:.2f} to {self.spread[1]:.2f})" if self.spread else ""
        sides = (self.what, self.this, self.beside, f"{self.value:.2f}{spread}")
        if self.goal is None:
            return (*sides, "", "", "")
        reached = "yes" if self.goal.is_reached(self.value) else "**no**"
        return (*sides, self.goal.write(self.goal.must), self.goal.write(self.goal.aim), reached)


def compare(what: str, unit: str, this: Sequence[float], beside: Sequence[float], goal: Goal | None = None) -> Row:
    """The medians of both sides, and of the ratios of the rounds, for what disturbs a round meets both.

    The spread is that of the ratios: a wide one means that the machine had other work.
    """
    ratios = [one / other for one, other in zip(this, beside, strict=True)]
    sides = (f"{_plain(median(this))} {unit}", f"{_plain(median(beside))} {unit}")
    return Row(what, *sides, median(ratios), goal, (min(ratios), max(ratios)))


def _plain(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def table(rows: Iterable[Row]) -> str:
    """The Markdown table."""
    lines = [HEAD, ("---",) * len(HEAD), *(row.cells for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
