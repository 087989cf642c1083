"""How a run of the edge can end other than well: each with a text for a person and an exit code for a script."""

from __future__ import annotations

DONE = 0
REFUSED = 1
USAGE = 2
TRY_LATER = 75
INTERRUPTED = 130


class Stop(Exception):
    """The run ends here and trying again changes nothing; the text says why and what to do."""

    exit_code = REFUSED


class WrongUsage(Stop):
    """The command was called with something that cannot work."""

    exit_code = USAGE


class TryLater(Stop):
    """Nothing is wrong with the request; the same command may succeed later.

    `retry_after` is in seconds. `soon` means that a few seconds may be enough, so one run may try again itself.
    """

    exit_code = TRY_LATER

    def __init__(self, reason: str, *, retry_after: int | None = None, soon: bool = True) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after
        self.soon = soon

    def __str__(self) -> str:
        when = f"in {self.retry_after} seconds" if self.retry_after else "later"
        return f"{self.reason} Try again {when}: the same --directory costs no second use."
