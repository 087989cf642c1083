"""Revocations and builders at the same moment, in transactions that commit: nothing is lost, no number comes twice."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import connection
from django.utils import timezone

from enrollment import operations, revocation_list
from enrollment.models import IssuedCertificate, RevocationList
from enrollment.operations.listing import publish
from keys.operations.editing import subject
from portal.models import AuditEvent
from tests.enrollment.base import CommittedEnrollmentTestCase
from tests.enrollment.revoking import certificate_of, fetch, serials
from tests.factories import ACTOR

WAIT = 30


def at_once(*works: Callable[[], Any]) -> list[Any]:
    """What each work returned; all begin at the same moment, each on a connection of its own."""
    gate = threading.Barrier(len(works))

    def run(work: Callable[[], Any]) -> Any:
        try:
            gate.wait(WAIT)
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(works)) as pool:
        return [future.result(WAIT) for future in [pool.submit(run, work) for work in works]]


class RaceTests(CommittedEnrollmentTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.enrolled = [self.enroll(self.text) for _ in range(5)]
        self.issuer = self.key.signing_certificate

    def all_serials(self) -> set[str]:
        return set(IssuedCertificate.objects.values_list("serial", flat=True))

    def test_d04_two_revocations_of_the_same_edges_are_one(self) -> None:
        def revoke() -> operations.Revocation:
            key = subject(self.key)
            return operations.revoke_key(self.key.public_id, reason="unspecified", actor=ACTOR, subject=key)

        results = at_once(revoke, revoke, revoke)
        self.assertEqual(sorted(len(each.certificates) for each in results), [0, 0, 5])
        self.assertEqual(AuditEvent.objects.filter(action="edge.revoked").count(), 5)
        self.assertEqual(AuditEvent.objects.filter(action="key.edges_revoked").count(), 1)
        self.assertEqual(serials(fetch(self.issuer)), self.all_serials())

    def test_d04_revocations_of_different_edges_are_all_on_the_newest_list(self) -> None:
        def revoking(enrolled: Any) -> Callable[[], Any]:
            edge = certificate_of(enrolled).edge
            return lambda: operations.revoke_edge(edge, reason="unspecified", actor=ACTOR)

        at_once(*map(revoking, self.enrolled))
        # As it is stored: fetching would mend it.
        newest = RevocationList.objects.get(issuer=self.issuer)
        self.assertEqual(newest.size, 5)
        self.assertFalse(IssuedCertificate.objects.filter(listed_at=None).exists())

    def test_many_who_ask_for_a_due_list_get_the_same_one(self) -> None:
        def ask() -> bytes:
            published = publish(self.issuer)
            assert published.newest and published.is_current
            return bytes(published.newest.der)

        self.assertEqual(len(set(at_once(*[ask] * 6))), 1)

    def test_d04_a_builder_that_read_before_a_newer_list_never_overwrites_it(self) -> None:
        """Between reading and storing of one builder, an edge is revoked and its list is stored."""
        undisturbed, done = revocation_list.sign, []

        def disturbed(*arguments: Any) -> Any:
            signed = undisturbed(*arguments)
            if not done:
                done.append(True)
                edge = certificate_of(self.enrolled[0]).edge
                at_once(lambda: operations.revoke_edge(edge, reason="unspecified", actor=ACTOR))
            return signed

        revocation_list.sign = disturbed
        try:
            published = publish(self.issuer, timezone.now())
        finally:
            revocation_list.sign = undisturbed
        self.assertEqual(done, [True])
        assert published.newest
        self.assertEqual(published.newest.size, 1)
        self.assertEqual(RevocationList.objects.get(issuer=self.issuer).size, 1)
        self.assertEqual(serials(fetch(self.issuer)), {certificate_of(self.enrolled[0]).serial})
