"""Sending a request to the portal, with up to two retries: the portal answers a repeated request without cost."""

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
_PAUSES = (1.0, 3.0)  # seconds before the second and the third attempt
_LONGEST_PAUSE = 10  # seconds; a server that asks for more ends the run


@dataclass(frozen=True, slots=True)
class Portal:
    """The portal's address, the authorities that verify its https certificate, and the proxy in between."""

    address: Address
    servers: ssl.SSLContext | None
    proxy: Proxy | None = None

    def ask(self, endpoint: str, body: bytes, accepted: set[int], warn: Warn, secret: str = "") -> Reply:
        """Send `body` and return the reply, if its status is one of `accepted`. Raises TryLater or Stop.

        `secret` is the part of the body that no message may repeat, whatever the server answers.
        """
        address = self.address.at(endpoint)
        for pause in _PAUSES:
            try:
                return refuse_other_than(accepted, transport.post(address, body, self.servers, self.proxy), secret)
            except TryLater as later:
                if not later.soon or (later.retry_after or 0) > _LONGEST_PAUSE:
                    raise
                # Many edges start at the same moment. The factor keeps them from coming back at the same moment.
                wait = (later.retry_after or pause) * random.uniform(1, 1.3)  # noqa: S311  # not a secret
                warn(f"{later.reason} Trying again in {wait:.0f} s.")
                time.sleep(wait)
        return refuse_other_than(accepted, transport.post(address, body, self.servers, self.proxy), secret)
