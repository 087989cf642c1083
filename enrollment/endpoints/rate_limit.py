"""The rate limit of unauthenticated refusals, by network of the caller; and the count of every refusal."""

from __future__ import annotations

import logging

from django.db import DatabaseError, InterfaceError

from enrollment import operations
from enrollment.endpoints.calls import count
from enrollment.errors import BEFORE_PROOF, Refused
from portal.actors import Actor
from portal.client_ip import network_of
from portal.rate_limit import RateLimit

logger = logging.getLogger(__name__)
# Counts refusals of callers without a verified key or certificate. Valid enrollments from one address are not limited.
unproved = RateLimit(limit=600, seconds=60)


def count_refusal(refused: Refused, caller: Actor) -> tuple[Refused, int | None]:
    """Count a refusal. Return the refusal to answer with, and the seconds to wait where waiting helps.

    Callers with too many unauthenticated failures get `rate_limited`. A verified key is never limited, even when other
    callers in its network are.
    """
    if refused.code in BEFORE_PROOF:
        network = network_of(caller.client_ip)
        if unproved.retry_after(network):
            refused = Refused("rate_limited")
        else:
            unproved.count(network)
        try:
            operations.sample_refusal(refused.code, caller)
        except (DatabaseError, InterfaceError):
            # The refusal is answered even when the audit log cannot be written.
            logger.warning("refusal not sampled", extra={"code": refused.code, "request_id": caller.request_id})
    wait = refused.refusal.retry_after
    if refused.code == "rate_limited":
        wait = unproved.retry_after(network_of(caller.client_ip)) or wait
    count(refused.code)
    return refused, wait
