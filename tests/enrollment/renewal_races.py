"""Several renewals at once, in one process on a real database. Prints the result of each race as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest import mock

from enrollment import operations
from enrollment.errors import Refused
from enrollment.models import IssuedCertificate
from enrollment.operations import renewal_roots
from portal.models import AuditEvent
from tests.enrollment.operations.test_renewal_roots import make_other_root, move
from tests.factories import ACTOR, EDGE, make_csr, make_key
from tests.keys.certificate_races import at_once

HANDS = 6


def due(text: str) -> IssuedCertificate:
    """The certificate of an edge that may renew at the time of `later`."""
    operations.enroll(text, make_csr(), caller=EDGE)
    return IssuedCertificate.objects.latest("id")


def later() -> datetime:
    return datetime.now(UTC) + timedelta(days=70)


def renewal(old: IssuedCertificate, csr: str, answers: list[Any]) -> Callable[[], None]:
    def act() -> None:
        fresh = IssuedCertificate.objects.select_related("edge__group").get(pk=old.pk)
        answers.append(operations.renew(fresh, csr, caller=EDGE, now=later()))

    return act


def race(old: IssuedCertificate, *acts: Callable[[], None], answers: list[Any]) -> dict[str, Any]:
    refused = at_once(*acts)
    rows = IssuedCertificate.objects.filter(edge=old.edge_id).exclude(pk=old.pk)
    return {
        "refused": sorted(filter(None, refused)),
        "given": len({answer.certificate for answer in answers}),
        "new": sum(not answer.replayed for answer in answers),
        "valid": rows.filter(revoked_at=None).count(),
        "revoked": rows.exclude(revoked_at=None).count(),
    }


def main() -> None:
    key, text = make_key("Renewing", max_uses=9)
    other, results = make_other_root(), {}

    old, csr, answers = due(text), make_csr(), []
    results["first"] = race(old, *(renewal(old, csr, answers) for _ in range(HANDS)), answers=answers)

    old, csr, answers = due(text), make_csr(), []
    with mock.patch.object(renewal_roots, "issuer_for", return_value=other):
        renewal(old, csr, [])()
    move(key, other)
    results["replaced"] = race(old, *(renewal(old, csr, answers) for _ in range(HANDS)), answers=answers)

    # The edge presents its certificate while it is being replaced: it keeps that one, or gets the next one.
    old, csr, answers = due(text), make_csr(), []
    move(key, old.issuer)
    with mock.patch.object(renewal_roots, "issuer_for", return_value=other):
        renewal(old, csr, [])()
    recorded = IssuedCertificate.objects.select_related("edge__group").latest("id")
    acts = [renewal(old, csr, answers) for _ in range(HANDS)]
    acts.append(lambda: operations.record_contact(recorded, operations.Report(), now=later()))
    results["used"] = race(old, *acts, answers=answers)
    # Once the edge is disabled, nothing is signed for it: the order of events is that of their commits.
    old, codes = due(text), set()

    def renew_or_note() -> None:
        try:
            renewal(old, make_csr(), [])()
        except Refused as refused:
            codes.add(refused.code)

    raised = at_once(
        *[renew_or_note] * 3, lambda: operations.set_enabled(old.edge, False, actor=ACTOR), *[renew_or_note] * 3
    )
    events = AuditEvent.objects.filter(object_id=str(old.edge.uuid))
    disabled = events.get(action="edge.edited")
    late = events.filter(action="edge.renewed", id__gt=disabled.pk).count()
    rows = IssuedCertificate.objects.filter(edge=old.edge_id).exclude(pk=old.pk).count()
    others = [*filter(None, raised), *(codes - {"edge_disabled", "certificate_superseded"})]
    results["disabled"] = {"late": late, "others": others, "at_most_one": rows <= 1}
    print(json.dumps(results))
