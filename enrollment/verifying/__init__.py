"""Checking issued certificates afterwards: rows, certificates, audit events, counts and revocation lists must agree.

It only reads, in batches, and in an order in which enrollments that happen meanwhile cause no faults. It trusts no
column that it can compute: each certificate is parsed, its signature verified and its digests computed again.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import datetime

from enrollment.verifying import certificates, counts, edges, events, revocation_lists
from enrollment.verifying.faults import Fault, Tally

__all__ = ["Fault", "Tally", "verify"]


def verify(since: datetime, tally: Tally) -> Iterator[Fault]:
    """Yield every fault of what was issued from `since` on. `tally` counts what was checked."""
    return itertools.chain(
        certificates.verify(since, tally),
        events.verify(since, tally),
        counts.verify(since, tally),
        edges.verify(since),
        revocation_lists.verify(since, tally),
    )
