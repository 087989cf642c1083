"""The recent use in the details of a row: the address of a key's last use, and recent refusals."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

from enrollment.pages import recent_use
from keys.models import ProvisioningKey
from portal import audit
from tests.base import PortalTestCase
from tests.enrollment.base import EnrollmentTestCase, now
from tests.enrollment.pages.test_history import section
from tests.factories import EDGE, make_key

LIST = "/service-edge-keys/"


class RecentTests(EnrollmentTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.sign_in("vic")

    def row(self, **query: str) -> str:
        return section(self.client.get(LIST, query), f"d-{self.key.pk}").partition(" View or export")[0]

    def refuse(self, count: int = 1, code: str = "key_expired", **fields: Any) -> None:
        subject, detail = audit.Subject("key", str(self.key.pk), "Edge"), {"key_public_id": self.key.public_id}
        audit.record_all(
            audit.row("edge.refused", EDGE, subject, reason=code, detail=detail, **fields) for _ in range(count)
        )

    def test_a_key_nobody_presented_was_never_used_nor_refused(self) -> None:
        self.assertIn("Last used Never Last refused Never", self.row())

    def test_it_says_from_where_the_last_edge_came(self) -> None:
        self.enroll(self.text)
        self.assertIn("by Edge-1 Last used from 192.0.2.7", self.row())

    def test_it_says_the_latest_refusal_and_how_many_there_were_in_a_day(self) -> None:
        self.refuse(2, "group_disabled", at=now() - timedelta(days=2))
        self.refuse(3, at=now() - timedelta(hours=2))
        self.assertIn("Key expired 3 in the last 24 hours", self.row())

    def test_an_old_refusal_counts_no_more_and_is_still_the_last(self) -> None:
        self.refuse(at=now() - timedelta(days=2))
        self.assertIn("Key expired None in the last 24 hours", self.row())

    def test_one_that_is_dated_in_the_future_was_not_in_the_last_day(self) -> None:
        self.refuse(at=now() + timedelta(days=100))
        self.assertIn("None in the last 24 hours", self.row())

    def test_counting_ends(self) -> None:
        self.refuse(recent_use.MOST + 5)
        self.assertIn("100 or more in the last 24 hours", self.row())

    def test_it_is_the_keys_own(self) -> None:
        other, text = make_key("Texas")
        self.enroll(text)
        audit.record("edge.refused", EDGE, audit.Subject("key", str(other.pk)), reason="key_expired")
        self.assertIn("Last used Never Last refused Never", self.row())

    def test_a_code_is_escaped(self) -> None:
        self.refuse(code="<b>%s")
        self.assertContains(self.client.get(LIST), "<br>&lt;b&gt;%s<br>")


class OneQuery(PortalTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        keys = [make_key(f"Key {number}")[0] for number in range(12)]
        rows = [
            audit.row("edge.refused", EDGE, audit.Subject("key", str(key.pk)), reason="key_expired")
            for key in keys
            for _ in range(50)
        ]
        audit.record_all(rows)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")

    def test_it_is_one_query_for_a_page_and_counting_in_it_ends(self) -> None:
        self.sign_in("vic")
        for query in ("", "?per_page=100", "?sort=-uses", "?usage=unused"):
            with CaptureQueriesContext(connection) as captured:
                self.client.get(LIST + query)
            using = [each["sql"] for each in captured if "portal_auditevent" in each["sql"]]
            self.assertEqual(len(using), 1, query)
            self.assertIn(f"LIMIT {recent_use.MOST}", using[0])

    def test_each_look_up_in_it_is_a_range_of_an_index(self) -> None:
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                # There are no edges here. PostgreSQL scans an empty table.
                cursor.execute("SET LOCAL enable_seqscan = off")
        ids = list(ProvisioningKey.objects.values_list("pk", flat=True))
        plan = ProvisioningKey.objects.filter(pk__in=ids).annotate(**recent_use.expressions()).order_by().explain()
        self.assertEqual(plan.count("audit_event_refused_by_key"), 3)
        self.assertIn("edge_is_one_use_of_its_key" if connection.vendor == "postgresql" else "key_public_id=?", plan)
        self.assertNotRegex(plan, "SCAN U0|Seq Scan on portal_auditevent|TEMP B-TREE|Sort Key: .*at")
