"""What the search of the keys page finds, on both databases, and that it reads indexes."""

from __future__ import annotations

import uuid
from unittest.mock import patch

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from enrollment.models import ServiceEdge
from keys import key_search
from keys.models import ProvisioningKey
from portal import audit
from portal.lists import offers
from portal.models import AuditEvent
from tests.enrollment.base import ENROLL, EnrollmentTestCase
from tests.factories import make_csr, make_key
from tests.keys.pages.base import LIST, names
from tests.support.html import links

QUERIES_OF_SIGN_IN = 4


class KeySearch(EnrollmentTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.sign_in("olga")
        self.berlin, self.berlin_text = make_key("Berlin", max_uses=5)
        self.other, _ = make_key("Other")

    def found(self, term: str) -> list[str]:
        return sorted(names(self.client.get(LIST, {"q": term})))

    def test_a_public_id_or_its_beginning_finds_its_key(self) -> None:
        whole = self.berlin.public_id
        for term in (whole, whole.upper(), whole[:12], f" {whole} ", str(uuid.UUID(whole))):
            self.assertEqual(self.found(term), ["Berlin"], term)
        self.assertEqual(self.found("0" * 32), [])

    def test_the_part_that_a_row_shows_finds_its_key_whole_or_its_tail_alone(self) -> None:
        head, tail = self.berlin.token_head, self.berlin.token_tail
        for term in (
            tail,
            f"\N{HORIZONTAL ELLIPSIS}{tail}",
            f"...{tail}",
            f"{head}\N{HORIZONTAL ELLIPSIS}{tail}",
            head,
        ):
            self.assertEqual(self.found(term), ["Berlin"], term)
        # Base64 distinguishes upper from lower case.
        self.assertEqual(self.found(tail.swapcase()), [])

    def test_the_name_of_an_edge_finds_its_key_beside_the_keys_of_that_name(self) -> None:
        self.enroll(self.berlin_text)
        make_key("berlin-1 spare")
        self.assertEqual(self.found("BERLIN-1"), ["Berlin", "berlin-1 spare"])
        ServiceEdge.objects.update(name="Tower", sort_name="tower")
        self.assertEqual(self.found("tower"), ["Berlin"])
        self.assertEqual(self.found("towe"), [])

    def test_a_request_id_finds_the_key_of_a_machine_and_of_a_person(self) -> None:
        body = {"provisioning_key": self.berlin_text, "csr": make_csr()}
        enrolled = self.client.post(ENROLL, body, content_type="application/json")
        again = self.client.post(ENROLL, {**body, "csr": "none"}, content_type="application/json")
        self.assertEqual((enrolled.status_code, again.status_code), (201, 422))
        shown = self.client.post(f"{LIST}{self.other.pk}/reveal/", {"for": "show"})
        for answer, key in ((enrolled, "Berlin"), (again, "Berlin"), (shown, "Other")):
            self.assertEqual(self.found(answer["X-Request-Id"]), [key])
        unknown = self.client.post(ENROLL, {**body, "provisioning_key": "x"}, content_type="application/json")
        self.assertTrue(AuditEvent.objects.filter(request_id=unknown["X-Request-Id"], object_id="").exists())
        self.assertEqual(self.found(unknown["X-Request-Id"]), [])

    # PostgreSQL knows how many events are of keys.
    @pytest.mark.once
    def test_a_request_id_is_looked_up_as_such(self) -> None:
        for found in audit.keys_of_request("12345678").values():
            self.assertIn("audit_event_by_request (request_id=?)", found.explain())

    def test_a_part_of_a_name_is_found_as_before(self) -> None:
        self.assertEqual(self.found("erl"), ["Berlin"])
        self.assertEqual(self.found("the"), ["Other"])
        self.assertEqual(self.found("%"), [])

    def test_a_search_takes_no_more_queries_than_another_filter(self) -> None:
        for number in range(60):
            make_key(f"row {number:02}", max_uses=10)
        (after,) = links(self.client.get(f"{LIST}?q=row&sort=uses"), "a[rel=next]")
        for query in (after, f"?q={self.berlin.token_tail}", f"?q={self.berlin.public_id}&group=London&sort=-uses"):
            with self.subTest(query=query), CaptureQueriesContext(connection) as captured:
                self.client.get(LIST + query)
            self.assertLessEqual(len(captured), QUERIES_OF_SIGN_IN + 5, [each["sql"] for each in captured])

    def test_the_look_up_reads_indexes_only(self) -> None:
        if connection.vendor == "postgresql":
            # The question is what the indexes make possible, not what is cheapest for a handful of rows.
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL enable_seqscan = off")
        for term in (self.berlin.public_id, self.berlin.token_tail, "berlin-1", "0123456789abcdef"):
            for number, (keys, _) in enumerate(key_search.look_ups(term)):
                with self.subTest(term=term, number=number):
                    self.assertNotRegex(keys.order_by().explain(), r"Seq Scan|SCAN (keys|portal|enrollment)_")

    def test_no_more_than_a_hundred_keys_are_looked_up(self) -> None:
        make_key("Third")
        every = [(ProvisioningKey.objects.all(), is_exact) for is_exact in (False, True)]
        with patch.object(offers, "MOST_FOUND", 2):
            _, found = offers.load({}, {}, every)
        self.assertEqual(sorted(each.exact for each in found), [False, False, True, True])
        self.assertEqual(offers.MOST_FOUND, 100)
