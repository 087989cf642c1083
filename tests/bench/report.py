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

    @property
    def cells(self) -> tuple[str, ...]:
        goal = self.goal
        if goal is None:
            return (self.what, self.this, self.beside, f"{self.value:.2f}", "", "", "")
        reached = "yes" if goal.is_reached(self.value) else "**no**"
        bounds = (goal.write(goal.must), goal.write(goal.aim))
        return (self.what, self.this, self.beside, f"{self.value:.2f}", *bounds, reached)


def compare(what: str, unit: str, this: Sequence[float], beside: Sequence[float], goal: Goal | None = None) -> Row:
    """The medians of both sides, and the median of the ratios of the rounds: what disturbed a round met both."""
    ratio = median(one / other for one, other in zip(this, beside, strict=True))
    return Row(what, f"{_plain(median(this))} {unit}", f"{_plain(median(beside))} {unit}", ratio, goal)


def _plain(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def table(rows: Iterable[Row]) -> str:
    """The Markdown table."""
    lines = [HEAD, ("---",) * len(HEAD), *(row.cells for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
