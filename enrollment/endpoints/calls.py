"""What the JSON and the EST endpoints share: the caller, and the calls of the operations."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest

from enrollment import operations
from enrollment.endpoints.requests import EnrollRequest
from enrollment.errors import Refused
from enrollment.models import IssuedCertificate
from enrollment.operations.answer import Enrolled
from portal.actors import Actor
from portal.client_ip import client_ip
from portal.metrics import ENROLLMENTS

logger = logging.getLogger(__name__)


def caller_of(request: HttpRequest) -> Actor:
    """The edge that sends a request, as an actor without a name: it is not known yet which one it is."""
    return Actor("edge", "", "enrollment", client_ip=client_ip(request), request_id=request.request_id)  # type: ignore[attr-defined]  # set by RequestIdMiddleware


@contextmanager
def busy_without_database(caller: Actor) -> Iterator[None]:
    """Raises Refused: busy when the database does not answer, so that the edge tries again."""
    try:
        yield
    except (DatabaseError, InterfaceError) as error:
        logger.error("enrollment failed", extra={"kind": type(error).__name__, "request_id": caller.request_id})
        raise Refused("busy") from error


def count(outcome: str) -> None:
    """Add one to the metric of answers with this code."""
    ENROLLMENTS.labels(code=outcome).inc()


def admit(sent: EnrollRequest, caller: Actor) -> Enrolled:
    """Enroll, and count the answer. Raises Refused."""
    with busy_without_database(caller):
        result = operations.enroll(
            sent.provisioning_key, sent.csr, trust_anchor_sha256=sent.trust_anchor_sha256, caller=caller
        )
    count("replayed" if result.replayed else "enrolled")
    return result


def renew(show: Callable[[], IssuedCertificate], csr: str, caller: Actor, trust_anchor_sha256: str = "") -> Enrolled:
    """Renew the certificate that `show` finds, and count the answer. Raises Refused, and what `show` raises."""
    with busy_without_database(caller):
        result = operations.renew(show(), csr, trust_anchor_sha256=trust_anchor_sha256, caller=caller)
    count("replayed" if result.replayed else "renewed")
    return result
