"""A rate limit per caller, counted in the memory of this process.

Each gunicorn worker counts for itself, so the limit only reduces load. The security of keys rests on 256-bit secrets
and the database.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

_MOST_CALLERS = 10_000


class RateLimit:
    """At most `limit` counted events per caller in each window of `seconds`."""

    def __init__(self, limit: int, seconds: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.limit = limit
        self.seconds = seconds
        self._clock = clock
        self._windows: OrderedDict[str, tuple[float, int]] = OrderedDict()
        self._lock = threading.Lock()

    def retry_after(self, caller: str) -> int | None:
        """Whole seconds until the caller may try again; None when the limit is not reached."""
        started, count = self._windows.get(caller, (0.0, 0))
        left = started + self.seconds - self._clock()
        return max(1, int(left + 0.999)) if count >= self.limit and left > 0 else None

    def count(self, caller: str) -> None:
        """Count one event of the caller."""
        now = self._clock()
        with self._lock:
            started, count = self._windows.pop(caller, (now, 0))
            if now - started >= self.seconds:
                started, count = now, 0
            self._windows[caller] = (started, count + 1)
            while len(self._windows) > _MOST_CALLERS:
                self._windows.popitem(last=False)

    def reset(self) -> None:
        """Forget every caller."""
        with self._lock:
            self._windows.clear()
