"""Lists as CSV. What every list has to do is in `test_listing`."""

from __future__ import annotations

import csv
import io
import tracemalloc
from typing import Any
from unittest.mock import patch

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from enrollment.models import ServiceEdge
from keys.models import ProvisioningKey, ServiceEdgeGroup
from keys.pages.key_list import KEYS
from portal.lists import exporting
from portal.models import AuditEvent
from portal.zones import find
from tests.factories import make_key
from tests.portal.lists.test_listing import ListTestCase

ADDRESS = "/service-edge-keys/"


def rows_of(answer: Any) -> list[list[str]]:
    """The lines of a download, heads first."""
    text = b"".join(answer.streaming_content).decode()
    return list(csv.reader(io.StringIO(text.removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}"), newline="")))


class ExportTest(ListTestCase):
    def get(self, **query: Any) -> Any:  # type: ignore[override]  # of keys
        return self.client.get(ADDRESS, {"format": "csv", **query})

    def exported(self, **query: Any) -> list[list[str]]:
        return rows_of(self.get(**query))

    def test_f42_the_file_is_what_is_filtered_and_an_event(self) -> None:
        make_key("Full", group=ServiceEdgeGroup.objects.create(name="Tokyo"))
        with self.settings(), patch("django.utils.timezone.get_current_timezone", lambda: find("Asia/Tokyo")):
            answer = self.get(group="Tokyo", sort="-name", per_page="50", expand="all")
        self.assertRegex(
            answer["Content-Disposition"], r'^attachment; filename="service-edge-keys-\d{4}-\d\d-\d\d.csv"$'
        )
        self.assertEqual(answer["Content-Type"], "text/csv; charset=utf-8")
        content = b"".join(answer.streaming_content)
        self.assertTrue(content.startswith(b"\xef\xbb\xbfName,Maximum # Of Private Service Edges,"))
        self.assertEqual(len(content.splitlines()), 2)
        event = AuditEvent.objects.get(action="list.exported")
        self.assertEqual((event.object_kind, event.object_id, event.actor_name), ("list", "keys", "sue"))
        self.assertEqual(event.detail, {"rows": "1", "filters": "Group: Tokyo"})

    def test_f42_cells_that_a_sheet_would_run_are_text(self) -> None:
        run = ('=HYPERLINK("http://x")', "+1", "-1", "@x", "\tx", "\rx", "\nx")
        run += tuple(f"{chr(0xFEE0 + ord(sign))}1" for sign in "=+-@")  # in their wide form
        text_already = ("a;=1", 'a"b,c', "1-1")
        for number, text in enumerate(run + text_already):
            edge = ServiceEdge.objects.earliest("pk")
            edge.pk, edge.uuid, edge.use_number = None, None, 100 + number
            edge.uuid = ServiceEdge._meta.get_field("uuid").get_default()
            edge.version = text
            edge.save(force_insert=True)
        answer = self.client.get(reverse("enrollment:edge-list"), {"format": "csv", "sort": "enrolled"})
        found = [line[3] for line in rows_of(answer)[2:]]
        self.assertEqual(found, [*(f"'{text}" for text in run), *text_already])

    def test_f42_what_separates_cells_is_quoted(self) -> None:
        """A semicolon too, because some sheets separate there."""
        self.assertEqual(exporting._line(["a;=1", -33.5, None, True]), '"a;=1",-33.5,,True\r\n')
        self.assertEqual(exporting._line(['a"b', "a,b", "a b"]), '"a""b","a,b",a b\r\n')

    def test_f42_rows_are_read_while_the_file_is_sent(self) -> None:
        for name in ("a", "b", "c"):
            make_key(name)
        reading = exporting.read_in_order
        with patch.object(exporting, "CHUNK", 2), patch.object(exporting, "read_in_order", wraps=reading) as read:
            answer = self.get()
            lines = iter(answer.streaming_content)
            next(lines)
            self.assertEqual(read.call_count, 0, "The heads need no row.")
            next(lines)
            self.assertEqual(read.call_count, 1)
            self.assertEqual(len(b"".join(lines).splitlines()), 2)

    # PostgreSQL knows how many rows a filter leaves and how many a chunk needs.
    @pytest.mark.once
    def test_chunks_of_many_are_read_in_their_order(self) -> None:
        """SQLite would find and sort all rows that the filters leave for each chunk."""
        selected = {"do": "export", "all": "on", "where": "state=ready"}
        several = reverse("list-bulk", args=[KEYS.nouns])
        for address, query in ((ADDRESS, {"format": "csv", "state": "ready"}), (several, selected)):
            with patch("portal.lists.list_filters.FEW", 0), CaptureQueriesContext(connection) as captured:
                self.assertEqual(len(rows_of(self.client.get(address, query))), 2)
            self.assertRegex(captured[-1]["sql"], r"""WHERE \(\w+."sort_name" <> '' AND \+""")

    def test_a_mistake_is_shown_and_nothing_is_exported(self) -> None:
        answer = self.get(group="nowhere")
        self.assertContains(answer, "has a value that does not exist")
        self.assertFalse(AuditEvent.objects.filter(action="list.exported").exists())

    def test_head_names_the_file_without_an_event(self) -> None:
        answer = self.client.head(ADDRESS, {"format": "csv"})
        self.assertIn("service-edge-keys", answer["Content-Disposition"])
        self.assertFalse(AuditEvent.objects.filter(action="list.exported").exists())

    def test_more_rows_than_a_sheet_holds_are_refused(self) -> None:
        with patch.object(exporting, "MOST", 0):
            answer = self.get()
            self.assertContains(answer, "A spreadsheet holds 0 keys at most. Narrow the filters.", status_code=422)
            self.assertContains(answer, "<h1>Too many rows</h1>", status_code=422)

    def test_a_search_that_finds_nothing_is_a_file_with_heads(self) -> None:
        self.assertEqual(len(self.exported(q="nothing has this name")), 1)
        self.assertEqual(AuditEvent.objects.get(action="list.exported").detail["rows"], "0")

    def test_a_row_without_a_limit_of_rows_a_page_is_in_it(self) -> None:
        for number in range(30):
            make_key(f"Row {number:02}")
        self.assertEqual(len(self.exported()), 1 + 31)

    @override_settings(VENDOR_NAME="=Vendor")
    def test_whoever_may_see_the_list_may_export_it_and_nobody_else(self) -> None:
        for who, status in (("vic", 200), ("nora", 403)):
            self.sign_in(who)
            self.assertEqual(self.get().status_code, status)


# What a file needs in memory depends on the chunk, whatever the database.
@pytest.mark.once
class MemoryTest(ListTestCase):
    def test_memory_does_not_grow_with_the_rows(self) -> None:
        call_command("seed_keys", count=800, force=True, verbosity=0)
        rows = KEYS.rows()
        with patch.object(exporting, "CHUNK", 20):
            found = exporting.chunks(KEYS, rows, rows, KEYS.table.orders()["name"], descending=False)
            next(found)
            tracemalloc.start()
            try:
                count = sum(len(chunk) for chunk in found)
                peak = tracemalloc.get_traced_memory()[1]
            finally:
                tracemalloc.stop()
        self.assertEqual(count, ProvisioningKey.objects.count() - 20)
        self.assertLess(peak, 500_000)
