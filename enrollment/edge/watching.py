"""Staying alive: a heartbeat every minute, and the renewal when it is due."""

from __future__ import annotations

import json
import platform
import random
import signal
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from enrollment.edge import enrolling, store
from enrollment.edge.address import HEARTBEAT, Address
from enrollment.edge.asking import Warn
from enrollment.edge.enrolling import Options
from enrollment.edge.inspection import inspect
from enrollment.edge.outcomes import TryLater
from enrollment.edge.renewing import HEARTBEAT_FRAME, signed
from enrollment.edge.transport import USER_AGENT

Say = Callable[[str], None]


class _Ended(Exception):
    """A signal asks to end. Whatever was going on can be cut off: the next start goes on from there."""


def _end(*_: Any) -> None:
    raise _Ended


def watch(options: Options, say: Say, warn: Warn) -> None:
    """Enroll, then send heartbeats and renew when due, until SIGTERM or SIGINT. Raises Stop when refused for good.

    Trouble that passes is told and waited out; the certificate stays where it is.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _end)
    said = ""
    with suppress(_Ended):
        while True:
            try:
                done = enrolling.enroll(options, warn)
                if done != said:
                    say(said := done)
                _send_heartbeat(options, warn)
            except TryLater as later:
                warn(str(later))
            # Many edges are started by the same hand; they should not all speak in the same second.
            time.sleep(options.heartbeat_seconds * random.uniform(0.9, 1.1))  # noqa: S311  # not a secret


def _send_heartbeat(options: Options, warn: Warn) -> None:
    directory, now, portal = store.EdgeDirectory(options.directory), datetime.now(UTC), options.portal
    with directory.locked():
        found = inspect(directory, now, warn)
        if found.key_pair is None or found.certificate is None:
            return
        report = json.dumps(_report(portal.address))
        body = signed(directory, found.key_pair, HEARTBEAT_FRAME, ("body", report), now)
    portal.ask(HEARTBEAT, body, {204}, warn)


def _report(address: Address) -> dict[str, Any]:
    system = f"{platform.system()} {platform.release()} {platform.machine()}"
    printable = "".join(character for character in system if " " <= character <= "~")
    return {"version": USER_AGENT, "platform": printable[:64], "addresses": _addresses(address)}


def _addresses(address: Address) -> list[str]:
    """The address this machine reaches the portal from; no packet is sent to learn it."""
    try:
        family, kind, protocol, _, peer = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_DGRAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.connect(peer)
            return [str(probe.getsockname()[0]).partition("%")[0]]
    except OSError:
        return []
