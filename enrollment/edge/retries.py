"""Asking the portal, a few times if need be: each request may be repeated without cost."""

from __future__ import annotations

import random
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass

from enrollment.edge import transport
from enrollment.edge.answer import refuse_other_than
from enrollment.edge.outcomes import TryLater
from enrollment.edge.portal_url import Address
from enrollment.edge.proxy import Proxy
from enrollment.edge.transport import Reply

Warn = Callable[[str], None]
_PAUSES = (1.0, 3.0)
_LONGEST_PAUSE = 10


@dataclass(frozen=True, slots=True)
class Portal:
    """Where the portal is, whom to believe that it is the one, and the proxy on the way."""

    address: Address
    servers: ssl.SSLContext | None
    proxy: Proxy | None = None

    def ask(self, endpoint: str, body: bytes, accepted: set[int], warn: Warn, secret: str = "") -> Reply:
        """Send `body` until it is answered with one of the `accepted` statuses. Raises TryLater or Stop.

        `secret` is what of the body no message may repeat, whatever the server answers.
        """
        address = self.address.at(endpoint)
        for pause in _PAUSES:
            try:
                return refuse_other_than(accepted, transport.post(address, body, self.servers, self.proxy), secret)
            except TryLater as later:
                wait = _wait(later, pause)
                if wait is None:
                    raise
                warn(f"{later.reason} Trying again in {wait:.0f} s.")
                time.sleep(wait)
        return refuse_other_than(accepted, transport.post(address, body, self.servers, self.proxy), secret)


def _wait(later: TryLater, pause: float) -> float | None:
    """How long to wait within this run, or None when the portal asks for more patience than one run has."""
    if not later.soon or (later.retry_after or 0) > _LONGEST_PAUSE:
        return None
    # Many edges start at the same moment; they should not come back at the same moment.
    return (later.retry_after or pause) * random.uniform(1, 1.3)  # noqa: S311  # not a secret
