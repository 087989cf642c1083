"""Checking afterwards what was issued: rows, certificates, audit events, counts and revocation lists tell one story.

Reads only, in batches and in an order in which enrollments that happen meanwhile are no faults. Nothing here trusts a
column that something else can prove: the certificate is parsed again, its signature verified, its digests computed.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import datetime

from enrollment.verifying import certificates, counts, events, revocation_lists
from enrollment.verifying.faults import Fault, Tally

__all__ = ["Fault", "Tally", "verify"]


def verify(since: datetime, tally: Tally) -> Iterator[Fault]:
    """Every fault of what was issued since a moment, as it is found. `tally` counts what was looked at."""
    return itertools.chain(
        certificates.verify(since, tally),
        events.verify(since, tally),
        counts.verify(since, tally),
        revocation_lists.verify(since, tally),
    )
