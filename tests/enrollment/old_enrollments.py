"""Edges that enrolled long ago, made by the operation on an earlier clock; run in the process of the portal itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from enrollment import operations
from enrollment.operations.answer import Enrolled
from tests.factories import EDGE


def enroll_long_ago(text: str, csrs: list[str], days: int = 70) -> list[Enrolled]:
    """Enroll `days` ago. An issuer signs nothing before its own time, so the portal is an aged one."""
    then = datetime.now(UTC) - timedelta(days=days)
    return [operations.enroll(text, csr, caller=EDGE, now=then) for csr in csrs]
