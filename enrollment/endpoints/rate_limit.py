"""The rate limit of refusals before proof, by network of the caller; and how every refusal is counted."""

from __future__ import annotations

import logging

from django.db import DatabaseError, InterfaceError

from enrollment import operations
from enrollment.endpoints.door import count
from enrollment.errors import BEFORE_PROOF, Refused
from portal.actors import Actor
from portal.client_ip import network_of
from portal.rate_limit import Shield

logger = logging.getLogger(__name__)
# Only refusals before proof are counted and shielded: any number of valid enrollments passes from one address.
unproved = Shield(limit=600, seconds=60)


def settle(refused: Refused, caller: Actor) -> tuple[Refused, int | None]:
    """Count a refusal. The refusal to answer with, and the seconds to wait where waiting helps."""
    if refused.code in BEFORE_PROOF:
        refused = _shielded(refused, caller)
    wait = refused.refusal.retry_after
    if refused.code == "rate_limited":
        wait = unproved.retry_after(network_of(caller.client_ip)) or wait
    count(refused.code)
    return refused, wait


def _shielded(refused: Refused, caller: Actor) -> Refused:
    """Who proved nothing too often is told only to wait. A proved key is never shielded, whoever its neighbors are."""
    network = network_of(caller.client_ip)
    if unproved.retry_after(network):
        refused = Refused("rate_limited")
    else:
        unproved.count(network)
    _sample(refused.code, caller)
    return refused


def _sample(code: str, caller: Actor) -> None:
    try:
        operations.sample_refusal(code, caller)
    except (DatabaseError, InterfaceError):
        # A refusal must not become a 500 because the log of strangers is unreachable.
        logger.warning("refusal not sampled", extra={"code": code, "request_id": caller.request_id})
