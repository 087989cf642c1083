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
from enrollment.edge.directory_state import inspect
from enrollment.edge.enrolling import Options
from enrollment.edge.outcomes import TRY_LATER, Stop, TryLater, WrongUsage, explain
from enrollment.edge.portal_url import HEARTBEAT, Address
from enrollment.edge.renewing import HEARTBEAT_FRAME, signed
from enrollment.edge.retries import Warn
from enrollment.edge.transport import USER_AGENT

Say = Callable[[str], None]
LONGEST_PAUSE = 300.0


class _Ended(BaseException):
    """A signal asks to end. Whatever was going on can be cut off: the next start goes on from there.

    No Exception, so that nothing on the way takes it for trouble.
    """


def _end(*_: Any) -> None:
    raise _Ended


def watch(options: Options, say: Say, warn: Warn) -> None:
    """Enroll, then send heartbeats and renew when due, until SIGTERM or SIGINT. Raises Stop when refused for good.

    This is the boundary: whatever happens in one round of an enrolled edge, expected or not, is logged and waited out,
    longer each time; the certificate stays where it is. `_require_hope` names what ends it.
    """
    _ = options.portal  # options that cannot work are wrong usage at the start, and trouble that passes later
    with suppress(_Ended):
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, _end)
        said, failures = "", 0
        while True:
            asked_for = 0.0
            try:
                said = _tend(options, said, say, warn)
                failures = 0
            except (_Ended, KeyboardInterrupt, SystemExit):
                raise
            except BaseException as trouble:  # a panic in the library's Rust is no Exception
                stop = explain(trouble, options.directory)
                asked_for = _require_hope(stop, options)
                failures += 1
                warn(f"{stop.reason if isinstance(stop, TryLater) else stop} Waiting.")
            time.sleep(_pause(options.heartbeat_seconds, failures, asked_for))


def _tend(options: Options, said: str, say: Say, warn: Warn) -> str:
    done = enrolling.enroll(options, warn)
    if done != said:
        say(done)
    _send_heartbeat(options, warn)
    return done


def _require_hope(trouble: Stop, options: Options) -> float:
    """The seconds that the portal asks to wait. Raises `trouble` when waiting does not end it.

    An enrolled edge ends only when its directory is not usable. Nothing that a server sends ends it: a portal may be
    restored or mended, and a server may not be the portal.
    """
    if isinstance(trouble, TryLater):
        return trouble.retry_after or 0.0
    # Before the first certificate an administrator waits for the machine, and shall see that it failed.
    may_pass = trouble.waited_out or isinstance(trouble, WrongUsage)
    if not (trouble.exit_code == TRY_LATER or (_is_enrolled(options) and may_pass)):
        raise trouble
    return 0.0


def _is_enrolled(options: Options) -> bool:
    try:
        return (options.directory / store.CERTIFICATE).exists()
    except OSError:
        # A directory that cannot be looked into just now.
        return True


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
