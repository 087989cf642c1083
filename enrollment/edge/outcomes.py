"""How a run of the edge can end other than well: each with a text for a person and an exit code for a script."""

from __future__ import annotations

import errno
import traceback
from pathlib import Path

DONE = 0
REFUSED = 1
USAGE = 2
TRY_LATER = 75
INTERRUPTED = 130
# Trouble with the disk that passes, or that an operator ends without touching the command.
_PASSING = {errno.ENOSPC, errno.EDQUOT, errno.EIO}
_DISK_ADVICE = {
    errno.ENOSPC: " Free some space there.",
    errno.EDQUOT: " Free some space there.",
    errno.EACCES: " Run the command as the owner of the directory, or give another one.",
    errno.EPERM: " Run the command as the owner of the directory, or give another one.",
    errno.EROFS: " Give a directory that can be written to.",
}


class Stop(Exception):
    """The run ends here; the text says why and what to do. `code` is the portal's, when it is the portal that refuses.

    `waited_out` says that somebody else may end the trouble, an administrator or who keeps the server: one run is
    refused, but an enrolled edge that watches keeps its certificate and waits.
    """

    exit_code = REFUSED

    def __init__(self, reason: str, *, code: str = "", waited_out: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = code
        self.waited_out = waited_out


class WrongUsage(Stop):
    """The command was called with something that cannot work."""

    exit_code = USAGE


class TryLater(Stop):
    """Nothing is wrong with the request; the same command may succeed later.

    `retry_after` is in seconds. `soon` means that a few seconds may be enough, so one run may try again itself.
    """

    exit_code = TRY_LATER

    def __init__(self, reason: str, *, code: str = "", retry_after: int | None = None, soon: bool = True) -> None:
        super().__init__(reason, code=code, waited_out=True)
        self.retry_after = retry_after
        self.soon = soon

    def __str__(self) -> str:
        when = f"in {self.retry_after} seconds" if self.retry_after else "later"
        return f"{self.reason} Try again {when}: the same --directory costs no second use."


def explain(trouble: BaseException, directory: Path) -> Stop:
    """Any exception as an ending with words for a person. What nobody thought of says where, never what it held."""
    if isinstance(trouble, Stop):
        return trouble
    if isinstance(trouble, OSError):
        words = words_of(trouble, directory)
        return TryLater(words, soon=False) if passes(trouble) else Stop(words, waited_out=True)
    steps = traceback.extract_tb(trouble.__traceback__)
    place = f"{Path(steps[-1].filename).name}:{steps[-1].lineno}" if steps else "unknown place"
    return TryLater(f"Unexpected trouble: {type(trouble).__name__} at {place}. Please report it.", soon=False)


def passes(trouble: OSError) -> bool:
    """Whether trouble with the disk is of the kind that ends without a change to the command."""
    return trouble.errno in _PASSING


def words_of(trouble: OSError, directory: Path) -> str:
    """What is wrong with the disk, and what to do."""
    # Files are opened by their name in the directory.
    where = directory / trouble.filename if isinstance(trouble.filename, str) else directory
    advice = _DISK_ADVICE.get(trouble.errno or 0, "")
    return f"Cannot use {where}: {trouble.strerror or type(trouble).__name__}.{advice}"
