"""Edges that enrolled long ago, made by the operation with an earlier clock, in the process of the portal."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from enrollment import operations
from enrollment.operations.answer import Enrolled
from tests.factories import EDGE


def enroll_long_ago(text: str, csrs: list[str], days: int = 70) -> list[Enrolled]:
    """Enroll `days` ago. An issuer signs nothing before its validity starts, so the portal needs an old one."""
    then = datetime.now(UTC) - timedelta(days=days)
    return [operations.enroll(text, csr, caller=EDGE, now=then) for csr in csrs]
