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
from enrollment.edge.outcomes import TRY_LATER, Stop, TryLater, passes, words_of
from enrollment.edge.renewing import HEARTBEAT_FRAME, signed
from enrollment.edge.transport import USER_AGENT

Say = Callable[[str], None]
LONGEST_PAUSE = 300.0


class _Ended(Exception):
    """A signal asks to end. Whatever was going on can be cut off: the next start goes on from there."""


def _end(*_: Any) -> None:
    raise _Ended


def watch(options: Options, say: Say, warn: Warn) -> None:
    """Enroll, then send heartbeats and renew when due, until SIGTERM or SIGINT. Raises Stop when refused for good.

    Trouble that passes is told and waited out, longer each time; the certificate stays where it is.
    """
    with suppress(_Ended):
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, _end)
        said, failures = "", 0
        while True:
            asked_for = 0.0
            try:
                said = _tend(options, said, say, warn)
                failures = 0
            except (Stop, OSError) as trouble:
                asked_for = _require_hope(trouble, options)
                failures += 1
                warn(f"{_words(trouble, options)} Waiting.")
            time.sleep(_pause(options.heartbeat_seconds, failures, asked_for))


def _tend(options: Options, said: str, say: Say, warn: Warn) -> str:
    done = enrolling.enroll(options, warn)
    if done != said:
        say(done)
    _send_heartbeat(options, warn)
    return done


def _words(trouble: Stop | OSError, options: Options) -> str:
    if isinstance(trouble, OSError):
        return words_of(trouble, options.directory)
    return trouble.reason if isinstance(trouble, TryLater) else str(trouble)


def _require_hope(trouble: Stop | OSError, options: Options) -> float:
    """The seconds that the portal asks to wait. Raises `trouble` when waiting does not end it."""
    if isinstance(trouble, TryLater):
        return trouble.retry_after or 0.0
    if isinstance(trouble, OSError):
        hope = passes(trouble)
    else:
        # Before the first certificate an administrator waits for the machine, and shall see that it failed.
        enrolled = (options.directory / store.CERTIFICATE).exists()
        hope = trouble.exit_code == TRY_LATER or (trouble.waited_out and enrolled)
    if not hope:
        raise trouble
    return 0.0


def _pause(usual: float, failures: int, asked_for: float) -> float:
    """Seconds to wait: twice as long after each failure in a row, but never so long that an edge seems lost."""
    patient: float = min(usual * float(2 ** min(failures, 16)), max(usual, LONGEST_PAUSE))
    # Many edges are started by the same hand; they should not all speak in the same second.
    jitter = random.uniform(0.9, 1.1)  # noqa: S311  # not a secret
    return max(patient, min(asked_for, LONGEST_PAUSE)) * jitter


def _send_heartbeat(options: Options, warn: Warn) -> None:
    directory, now, portal = store.EdgeDirectory(options.directory), datetime.now(UTC), options.portal
    with directory.locked():
        found = inspect(directory, now, warn)
        if found.key_pair is None or found.certificate is None:
            return
        report = json.dumps(_report(portal.address))
        request = signed(directory, found.key_pair, HEARTBEAT_FRAME, ("body", report), now)
    portal.ask(HEARTBEAT, json.dumps(request).encode(), {204}, warn)


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
