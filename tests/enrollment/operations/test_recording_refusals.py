"""Neither unauthenticated callers nor the holder of a key can fill the audit log, and no count is lost."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import time_machine
from django.db.models import Sum

from enrollment.errors import Refused
from enrollment.operations import lookup
from enrollment.operations.attempt import EnrollmentAttempt
from enrollment.operations.recording_refusals import record_refusal, sampled
from enrollment.pages import history
from keys.models import ProvisioningKey
from portal import audit
from portal.models import AuditEvent, AuditTally
from tests.enrollment.base import EnrollmentTestCase, now
from tests.factories import EDGE, make_csr


def rows(**which: Any) -> int:
    return AuditEvent.objects.filter(**which).count()


class AfterProofTests(EnrollmentTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.clock = self.enterContext(time_machine.travel(now().replace(second=10), tick=False))

    def disable(self) -> None:
        ProvisioningKey.objects.filter(pk=self.key.pk).update(enabled=False)

    def test_a_leaked_key_adds_a_few_rows_a_minute_and_one_with_the_count(self) -> None:
        self.disable()
        for _ in range(40):
            self.post(self.text)
        self.assertEqual(rows(reason="key_disabled"), audit.FIRST)
        self.assertEqual(AuditTally.objects.get().seen, 40)
        self.clock.shift(timedelta(minutes=2))
        audit.write_counts()
        counted = AuditEvent.objects.filter(reason="key_disabled").latest("id")
        self.assertEqual(rows(reason="key_disabled"), audit.FIRST + 1)
        self.assertEqual((counted.action, counted.object_id), ("edge.refused", str(self.key.pk)))
        self.assertEqual(counted.detail["key_public_id"], self.key.public_id)
        self.assertEqual(counted.detail["count"], 40 - audit.FIRST)
        self.assertEqual(AuditTally.objects.count(), 0)

    def test_the_next_minute_has_rows_again(self) -> None:
        self.disable()
        for _ in range(2):
            for _ in range(audit.FIRST + 2):
                self.post(self.text)
            self.clock.shift(timedelta(minutes=1))
        self.assertEqual(rows(reason="key_disabled"), 2 * audit.FIRST)

    def test_each_code_is_counted_apart(self) -> None:
        for _ in range(audit.FIRST + 2):
            self.post(self.text, "no request")
        self.disable()
        self.post(self.text)
        self.assertEqual((rows(reason="csr_malformed"), rows(reason="key_disabled")), (audit.FIRST, 1))

    def test_replays_without_end_add_a_few_rows(self) -> None:
        csr = make_csr()
        for _ in range(30):
            self.enroll(self.text, csr)
        self.assertEqual(rows(action="edge.replayed"), audit.FIRST)
        self.clock.shift(timedelta(minutes=2))
        audit.write_counts()
        counted = AuditEvent.objects.filter(action="edge.replayed").latest("id")
        self.assertEqual((counted.outcome, counted.detail["count"]), ("success", 29 - audit.FIRST))

    def test_the_history_says_how_often(self) -> None:
        self.disable()
        for _ in range(audit.FIRST + 7):
            self.post(self.text)
        self.clock.shift(timedelta(minutes=2))
        audit.write_counts()
        uses = history.described(audit.of_machines(self.key.public_id))
        self.assertEqual([use.times for use in uses], [7, *[1] * audit.FIRST])
        self.sign_in("vic")
        self.assertContains(self.client.get(f"/service-edge-keys/{self.key.pk}/"), "7 times")
        self.assertContains(self.client.get("/service-edge-keys/"), "17 in the last 24 hours")

    def test_a_refusal_that_is_no_flood_leaves_no_count_behind(self) -> None:
        self.disable()
        self.post(self.text)
        self.clock.shift(timedelta(minutes=2))
        audit.write_counts()
        self.assertEqual((rows(reason="key_disabled"), AuditTally.objects.count()), (1, 0))

    def test_a_minute_of_a_clock_that_was_ahead_is_written_too(self) -> None:
        self.disable()
        self.clock.shift(timedelta(days=100))
        for _ in range(audit.FIRST + 4):
            self.post(self.text)
        self.clock.shift(-timedelta(days=100))
        audit.write_counts()
        self.assertEqual(rows(reason="key_disabled"), audit.FIRST + 1)

    def test_many_minutes_at_once_lose_no_count(self) -> None:
        state = lookup.find(self.key.public_id)
        attempt = EnrollmentAttempt(csr_pem="no request", wanted_anchor="", caller=EDGE, now=now(), state=state)
        for _ in range(20):
            for _ in range(audit.FIRST + 3):
                record_refusal(Refused("key_expired"), attempt)
            self.clock.shift(timedelta(minutes=1))
        self.clock.shift(timedelta(minutes=1))
        audit.write_counts()
        counted = AuditEvent.objects.filter(detail__has_key="count")
        self.assertEqual(sum(event.detail["count"] for event in counted), 20 * 3)
        self.assertIsNone(AuditTally.objects.aggregate(left=Sum("seen"))["left"])


class BeforeProofTests(EnrollmentTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.enterContext(time_machine.travel(now().replace(second=10), tick=False))

    def flood(self, addresses: list[str], several_processes: bool = False) -> int:
        for address in addresses:
            if several_processes:
                sampled.reset()
            self.post("not a key", REMOTE_ADDR=address)
        return rows(reason="malformed_key")

    def test_a_network_of_ipv6_is_a_48(self) -> None:
        addresses = [f"2001:db8:7:{number:x}::1" for number in range(100)]
        self.assertEqual(self.flood(addresses), 1)

    def test_all_networks_together_are_bounded(self) -> None:
        addresses = [f"2001:db8:{number:x}::1" for number in range(150)]
        self.assertEqual(self.flood(addresses), audit.MOST_NETWORKS)
        with self.assertNumQueries(0):
            self.post("not a key", REMOTE_ADDR="203.0.113.9")

    def test_processes_share_the_bound(self) -> None:
        addresses = [f"2001:db8:{number:x}::1" for number in range(60)]
        self.assertEqual(self.flood(addresses, several_processes=True), audit.MOST_NETWORKS)

    def test_refused_sign_ins_are_bounded_in_the_same_way(self) -> None:
        for number in range(60):
            fields = {"username": f"nobody{number}", "password": "x"}
            self.client.post("/accounts/login/", fields, REMOTE_ADDR=f"2001:db8:{number:x}::1")
        self.assertLessEqual(rows(action="user.refused"), audit.MOST_NETWORKS)
