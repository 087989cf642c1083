"""The portal's worker with short limits, and an application that answers with what it read, for tests of slow clients.

READ_SECONDS is in the environment: whole requests get time to arrive on a busy machine.
Run as `gunicorn -k tests.support.short_limits.PatientWorker tests.support.short_limits:application`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any

from portal import slow_clients
from portal.slow_clients import PatientWorker

__all__ = ["PatientWorker"]
slow_clients.READ_SECONDS = float(os.environ["READ_SECONDS"])
slow_clients.ANSWER_SECONDS = slow_clients.AnsweringSocket.allowance = 1.0
slow_clients.ANSWER_BYTES_PER_SECOND = 64 * 1024 * 1024
ANSWERS = {"/big": bytes(32 * 1024 * 1024), "/page": bytes(16 * 1024)}


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer with the length of the body as it was read; /big and /page answer that much, /unread reads nothing."""
    body = b"" if environ["PATH_INFO"] == "/unread" else environ["wsgi.input"].read()
    answer = ANSWERS.get(environ["PATH_INFO"]) or str(len(body)).encode()
    start_response("200 OK", [("Content-Length", str(len(answer)))])
    return [answer]
