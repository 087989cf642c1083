"""The program with --watch: a heartbeat every minute, and a renewal when it is due."""

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

LONGEST_PAUSE = 300.0  # seconds


class _Ended(BaseException):
    """A signal asks the program to end. Any step can be cut off: the next start continues from there.

    It is not an Exception, so that no handler on the way takes it for an error.
    """


def watch(options: Options, report: Callable[[str], None], warn: Warn) -> None:
    """Enroll, then send heartbeats and renew when due, until SIGTERM or SIGINT.

    `report` gets each new result, `warn` each failure. Once the edge is enrolled, a failure of any kind is logged, the
    certificate stays, and the pause doubles. Raises Stop for the failures that `_seconds_to_wait` does not wait for.
    """
    _ = options.portal  # raises WrongUsage; from the second round on the same error is waited for

    def end(*_: Any) -> None:
        raise _Ended

    with suppress(_Ended):
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, end)
        reported, failures = "", 0
        while True:
            retry_after = 0.0
            try:
                result = enrolling.enroll(options, warn)
                if result != reported:
                    report(result)
                    reported = result
                _send_heartbeat(options, warn)
                failures = 0
            except (_Ended, KeyboardInterrupt, SystemExit):
                raise
            except BaseException as error:  # a panic in the Rust code of `cryptography` is not an Exception
                stop = explain(error, options.directory)
                retry_after = _seconds_to_wait(stop, options)
                failures += 1
                warn(f"{stop.reason if isinstance(stop, TryLater) else stop} Waiting.")
            time.sleep(_pause(options.heartbeat_seconds, failures, retry_after))


def _seconds_to_wait(stop: Stop, options: Options) -> float:
    """The seconds that the portal asks to wait, or 0. Raises `stop` when waiting does not help.

    An enrolled edge ends only when its directory is not usable. Nothing that a server sends ends it: a portal may be
    restored or mended, and a server may not be the portal.
    """
    if isinstance(stop, TryLater):
        return stop.retry_after or 0.0
    # Before the first certificate the program ends, so that the administrator who starts it sees the failure.
    may_pass = stop.waited_out or isinstance(stop, WrongUsage)
    if not (stop.exit_code == TRY_LATER or (_is_enrolled(options) and may_pass)):
        raise stop
    return 0.0


def _is_enrolled(options: Options) -> bool:
    try:
        return (options.directory / store.CERTIFICATE).exists()
    except OSError:
        # The directory cannot be read at the moment.
        return True


def _pause(usual: float, failures: int, retry_after: float) -> float:
    """Seconds to wait: twice as long after each failure in a row, but at most LONGEST_PAUSE or the `usual` pause."""
    longer: float = min(usual * float(2 ** min(failures, 16)), max(usual, LONGEST_PAUSE))
    # Many edges may have started together. The factor keeps their heartbeats apart.
    jitter = random.uniform(0.9, 1.1)  # noqa: S311  # not a secret
    return max(longer, min(retry_after, LONGEST_PAUSE)) * jitter


def _send_heartbeat(options: Options, warn: Warn) -> None:
    directory, now, portal = store.EdgeDirectory(options.directory), datetime.now(UTC), options.portal
    with directory.locked():
        found = inspect(directory, now, warn)
        if found.key_pair is None or found.certificate is None:
            return
        system = f"{platform.system()} {platform.release()} {platform.machine()}"
        printable = "".join(character for character in system if " " <= character <= "~")
        body = {"version": USER_AGENT, "platform": printable[:64], "addresses": _addresses(portal.address)}
        request = signed(directory, found.key_pair, HEARTBEAT_FRAME, ("body", json.dumps(body)), now)
    portal.ask(HEARTBEAT, json.dumps(request).encode(), {204}, warn)


def _addresses(address: Address) -> list[str]:
    """The address from which this machine connects to the portal. Connecting a UDP socket sends no packet."""
    try:
        family, type_, protocol, _, peer = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_DGRAM)[0]
        with socket.socket(family, type_, protocol) as probe:
            probe.connect(peer)
            return [str(probe.getsockname()[0]).partition("%")[0]]
    except OSError:
        return []
