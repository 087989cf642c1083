"""The list of edges and the page of one: state, connection, certificates, history; and refusals without a known key."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.db import connection
from django.db.models import Q
from django.test.utils import CaptureQueriesContext

from enrollment.edge.cli import add_arguments
from enrollment.endpoints import door
from enrollment.models import IssuedCertificate, ServiceEdge
from enrollment.operations import Report, delete_edge, record_contact, revoke_edge
from enrollment.operations.recording_refusals import sampled
from enrollment.pages.connection import IN_TOUCH
from enrollment.pages.connection import connection as connection_of
from enrollment.pages.edge_list import EdgeTable
from enrollment.pages.edge_rows import annotated
from keys.operations import delete_key
from keys.pages.presentation import colons
from portal.lists.paging import keys_in_order
from portal.models import AuditEvent
from tests.enrollment.base import ENROLL, EnrollmentTestCase, now
from tests.enrollment.pages.test_history import RUDE, section
from tests.enrollment.revoking import certificate_of
from tests.factories import ACTOR, make_key
from tests.portal.lists.test_paging import cursor_of
from tests.support.html import texts

LIST = "/service-edges/"
# Session, user and two for permissions; groups and keys to choose from, the count, the edges,
# the latest refusals and their count.
QUERIES = 9


class ConnectionTests(EnrollmentTestCase):
    def test_in_a_word(self) -> None:
        at = now()
        for before, word in (
            (None, "Never connected"), (timedelta(), "Connected"), (IN_TOUCH, "Connected"),
            (IN_TOUCH + timedelta(seconds=1), "Disconnected since"), (timedelta(seconds=-5), "Connected"),
        ):  # fmt: skip
            self.assertEqual(connection_of(None if before is None else at - before, at).word, word)

    def test_two_heartbeats_may_be_lost(self) -> None:
        parser = ArgumentParser()
        add_arguments(parser)
        period = timedelta(seconds=parser.get_default("heartbeat_seconds") * 1.1)
        self.assertLess(2 * period, IN_TOUCH)


class EdgePagesTestCase(EnrollmentTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.sign_in("vic")
        self.enrolled = self.enroll(self.text)
        self.edge = ServiceEdge.objects.get()
        self.page = f"{LIST}{self.edge.pk}/"

    def contact(self, ago: timedelta = timedelta()) -> None:
        certificate = IssuedCertificate.objects.select_related("edge").get(edge=self.edge)
        report = Report("1.2.3", "Linux 6.1 <x86_64>", ("192.0.2.7", "2001:db8::7"))
        record_contact(certificate, report)
        ServiceEdge.objects.filter(pk=self.edge.pk).update(last_contact_at=now() - ago)

    def get(self, path: str, **query: str) -> Any:
        return self.client.get(path, query)


class DetailTests(EdgePagesTestCase):
    def test_it_shows_what_the_edge_said_of_itself(self) -> None:
        self.contact()
        page = self.get(self.page)
        shown = texts(page, ".facts dd")
        for text in ("Connected", "1.2.3", "Linux 6.1 <x86_64>", "192.0.2.7, 2001:db8::7"):
            self.assertIn(text, shown)

    def test_the_connection_is_told_on_every_page_that_shows_the_edge(self) -> None:
        for ago, word in ((timedelta(), "Connected"), (timedelta(hours=1), "Disconnected since")):
            self.contact(ago)
            self.sign_in("sam")
            for path in (self.page, LIST, f"/service-edge-keys/{self.key.pk}/", "/admin/enrollment/serviceedge/"):
                self.assertContains(self.get(path), word, msg_prefix=path)
            support = self.get(f"/admin/enrollment/serviceedge/{self.edge.pk}/change/")
            for text in (word, "1.2.3", "2001:db8::7"):
                self.assertContains(support, text)

    def test_without_a_heartbeat_it_never_connected(self) -> None:
        page = self.get(self.page)
        self.assertContains(page, "Never connected")
        self.assertContains(page, "Not reported", count=3)

    def test_its_certificates_have_serial_fingerprint_validity_and_state(self) -> None:
        certificate = certificate_of(self.enrolled)
        page = self.get(self.page)
        (row,) = texts(page, "#certificates tbody tr")
        self.assertTrue(row.startswith(f"{certificate.serial} {colons(certificate.fingerprint)} "), row)
        self.assertEqual(texts(page, '#certificates td[data-label="State"]'), ["Valid"])
        revoke_edge(self.edge, reason="keyCompromise", actor=ACTOR)
        page = self.get(self.page)
        self.assertIn("Revoked", section(page, "certificates"))
        self.assertIn("Key compromised", section(page, "certificates"))

    def test_it_leads_to_its_key_and_says_when_that_is_gone(self) -> None:
        self.assertContains(self.get(self.page), f'href="/service-edge-keys/{self.key.pk}/"')
        delete_key(self.key, actor=ACTOR)
        page = self.get(self.page)
        self.assertContains(page, "<bdi>Edge</bdi>, deleted since")
        self.assertNotContains(page, "/service-edge-keys/1/")

    def test_its_history_is_its_own(self) -> None:
        self.enroll(self.text)
        words = section(self.get(self.page))
        self.assertIn("Edge-1", words)
        self.assertIn("Enrolled", words)
        self.assertNotIn("Edge-2", words)

    def test_what_people_did_is_for_those_who_read_the_audit_log(self) -> None:
        revoke_edge(self.edge, reason="keyCompromise", actor=ACTOR)
        self.assertNotContains(self.get(self.page), "Activity")
        self.sign_in("tom")
        self.assertTrue(texts(self.get(self.page), ".activity li")[0].startswith("Revoked by the tests "))

    def test_a_deleted_edge_has_its_page_and_no_place_in_the_list(self) -> None:
        delete_edge(self.edge, actor=ACTOR)
        self.assertContains(self.get(self.page), '<span class="badge danger">Deleted</span>')
        self.assertNotContains(self.get(LIST), self.page)

    def test_rude_addresses_are_no_500(self) -> None:
        for value in RUDE:
            self.assertEqual(self.get(self.page, history_after=value).status_code, 200)
        for pk in ("0", "999999", "9" * 30, "x"):
            self.assertEqual(self.get(f"{LIST}{pk}/").status_code, 404)


class ListTests(EdgePagesTestCase):
    def test_the_columns(self) -> None:
        self.contact()
        page = self.get(LIST)
        heads = ["Details", "Name", "Group", "State", "Version", "Enrolled With Key", "Enrolled"]
        self.assertEqual(texts(page, "thead th"), heads)
        for text in (f'href="{self.page}"', "1.2.3", f'href="/service-edge-keys/{self.key.pk}/"'):
            self.assertContains(page, text)

    def test_the_menu_leads_to_it_for_those_who_may(self) -> None:
        self.assertContains(self.get(LIST), f'<a href="{LIST}" aria-current="page">Service Edges</a>')
        self.sign_in("nora")
        self.assertEqual(self.get(LIST).status_code, 403)

    def test_without_edges_it_says_how_one_comes(self) -> None:
        delete_edge(self.edge, actor=ACTOR)
        self.assertContains(self.get(LIST), "No edge has enrolled yet")

    def test_newest_first_or_oldest_first_and_pages_by_cursor(self) -> None:
        key, _ = make_key("Many", max_uses=100)
        ServiceEdge.objects.bulk_create(
            ServiceEdge(
                name=f"Many-{number}", group=key.group, key_public_id=key.public_id, key_name="Many",
                use_number=number, enrolled_at=now(),
            )
            for number in range(1, 60)
        )  # fmt: skip
        seen: list[int] = []
        query = ""
        while True:
            page = self.client.get(LIST + query).context["list"].page
            seen += [row.pk for row in page.rows]
            query = page.next_link
            if not query:
                break
        everything = list(ServiceEdge.objects.order_by("-id").values_list("pk", flat=True))
        self.assertEqual(seen, everything)
        oldest = self.get(LIST, sort="enrolled", per_page="100").context["list"].page.rows
        self.assertEqual([row.pk for row in oldest], everything[::-1])

    def test_rude_queries_are_as_if_absent(self) -> None:
        for value in (*RUDE, cursor_of(["x", 1]), cursor_of([10**30, 1]), cursor_of([1]), cursor_of({})):
            for name in ("after", "before", "page", "per_page", "sort"):
                with self.subTest(name=name, value=value):
                    self.assertEqual(self.get(LIST, **{name: value}).status_code, 200)

    def test_more_edges_take_no_more_queries(self) -> None:
        for _ in range(2):
            with CaptureQueriesContext(connection) as captured:
                self.get(LIST)
            self.assertEqual(len(captured), QUERIES)
            self.enroll(self.text)

    def test_a_page_is_a_range_of_the_primary_key(self) -> None:
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL enable_seqscan = off")
                cursor.execute("SET LOCAL enable_bitmapscan = off")
        rows, order = annotated(ServiceEdge.objects.filter(deleted_at=None)), EdgeTable.orders()["enrolled"]
        for descending in (False, True):
            plan = keys_in_order(rows, Q(pk__gt=3), order, descending)[:26].explain()
            self.assertNotRegex(plan, "SCAN|Seq Scan|TEMP B-TREE|Sort")
            self.assertRegex(plan, "USING INTEGER PRIMARY KEY|Index Cond")


class StrangerTests(EnrollmentTestCase):
    """Refusals before the secret is verified."""

    def setUp(self) -> None:
        super().setUp()
        self.sign_in("vic")

    def refused(self, text: str, address: str) -> int:
        return int(self.post(text, REMOTE_ADDR=address).status_code)

    def test_they_are_counted_apart_and_shown_with_reason_and_address(self) -> None:
        self.assertIn("None yet.", section(self.client.get(LIST), "unrecognized"))
        self.assertEqual(self.refused("1|nonsense", "203.0.113.9"), 400)
        words = section(self.client.get(LIST), "unrecognized")
        for text in ("1 in the last 24 hours", "Malformed provisioning key malformed_key", "203.0.113.9"):
            self.assertIn(text, words)
        self.assertNotIn("malformed_key", section(self.client.get(f"/service-edge-keys/{self.key.pk}/")))

    def test_one_row_a_minute_for_each_code_and_network_whatever_the_process(self) -> None:
        known = AuditEvent.objects.count()
        for address in ("203.0.113.9", "203.0.113.77", "198.51.100.1"):
            for _ in range(5):
                # Another process has a memory of its own; the database admits no second row either.
                sampled.reset()
                door.unproved.reset()
                self.refused("1|nonsense", address)
        self.client.post(ENROLL, "{}", content_type="application/json", REMOTE_ADDR="203.0.113.9")
        rows = AuditEvent.objects.order_by("id")[known:]
        # A minute may end in between.
        self.assertIn(len(rows), (3, 4, 5, 6))
        self.assertEqual({row.object_id for row in rows}, {""})
        self.assertEqual({row.reason for row in rows}, {"malformed_key", "malformed_request"})

    def test_neither_text_nor_secret_is_kept(self) -> None:
        self.refused(self.text[:-9] + "AAAAAAA==", "203.0.113.9")
        event = AuditEvent.objects.latest("id")
        self.assertEqual((event.detail, event.object_name, event.object_id), ({}, "", ""))
