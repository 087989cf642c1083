"""The ways in which a run ends without success: each has a sentence for a person and an exit code for a script."""

from __future__ import annotations

import errno
import traceback
from pathlib import Path

DONE = 0
REFUSED = 1
USAGE = 2
TRY_LATER = 75
INTERRUPTED = 130
# Errors of the disk that may pass, or that an operator mends without changing the command.
_PASSING = {errno.ENOSPC, errno.EDQUOT, errno.EIO}
_DISK_ADVICE = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT), " Free some space there."),
    **dict.fromkeys(
        (errno.EACCES, errno.EPERM), " Run the command as the owner of the directory, or give another one."
    ),
    errno.EROFS: " Give a directory that can be written to.",
}


class Stop(Exception):
    """Ends the run. `reason` explains why and what to do; `code` is the portal's refusal code, or "".

    With `waited_out` an administrator of the portal or of the server may remove the cause: a single run ends, but an
    enrolled edge with --watch keeps its certificate and waits.
    """

    exit_code = REFUSED

    def __init__(self, reason: str, *, code: str = "", waited_out: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = code
        self.waited_out = waited_out


class WrongUsage(Stop):
    """An option has a value that cannot work."""

    exit_code = USAGE


class TryLater(Stop):
    """The request is right, and the same command may succeed later.

    `retry_after` is in seconds. With `soon` a few seconds may be enough, so one run tries again itself.
    """

    exit_code = TRY_LATER

    def __init__(self, reason: str, *, code: str = "", retry_after: int | None = None, soon: bool = True) -> None:
        super().__init__(reason, code=code, waited_out=True)
        self.retry_after = retry_after
        self.soon = soon

    def __str__(self) -> str:
        when = f"in {self.retry_after} seconds" if self.retry_after else "later"
        return f"{self.reason} Try again {when}: the same --directory costs no second use."


def explain(error: BaseException, directory: Path) -> Stop:
    """Turn any exception into a Stop with a sentence for a person.

    An unexpected exception gives its type and its place only, because its text may hold a secret.
    """
    if isinstance(error, Stop):
        return error
    if isinstance(error, OSError):
        # Files are opened by their name in the directory, so `filename` is relative.
        where = directory / error.filename if isinstance(error.filename, str) else directory
        advice = _DISK_ADVICE.get(error.errno or 0, "")
        reason = f"Cannot use {where}: {error.strerror or type(error).__name__}.{advice}"
        return TryLater(reason, soon=False) if error.errno in _PASSING else Stop(reason, waited_out=True)
    steps = traceback.extract_tb(error.__traceback__)
    place = f"{Path(steps[-1].filename).name}:{steps[-1].lineno}" if steps else "unknown place"
    return TryLater(f"Unexpected trouble: {type(error).__name__} at {place}. Please report it.", soon=False)
