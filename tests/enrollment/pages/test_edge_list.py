"""The list of edges, and the unrecognized keys below it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import Q
from django.http import QueryDict
from django.template.loader import render_to_string
from django.test.utils import CaptureQueriesContext

from enrollment.endpoints import rate_limit
from enrollment.models import ServiceEdge
from enrollment.operations import delete_edge, revoke_edge
from enrollment.operations.recording_refusals import sampled
from enrollment.pages.edge_list import EDGES, EdgeFilters, EdgeTable
from enrollment.pages.edge_row_html import badge_of, render_rows, state_of, values_of
from enrollment.pages.edge_rows import annotated, read
from enrollment.pages.edge_state import edge_state
from keys.operations import delete_key
from keys.pages.expiry_badge import expiry
from portal import zones
from portal.lists.columns import Cells
from portal.lists.counting import COUNTED, capped
from portal.lists.paging import keys_in_order
from portal.models import AuditEvent
from tests.enrollment.base import ENROLL, EnrollmentTestCase, now
from tests.enrollment.pages.base import EdgePagesTestCase
from tests.enrollment.pages.test_history import section
from tests.enrollment.pages.test_timeline import RUDE
from tests.factories import ACTOR, make_key
from tests.portal.lists.test_paging import cursor_of
from tests.support.html import parsed, texts, words

LIST = "/service-edges/"
# Session, user and two for permissions; groups and keys to choose from, the count, the edges,
# the latest refusals with their count.
QUERIES = 8
ALL_CELLS = Cells(frozenset(), 8)


class ListTests(EdgePagesTestCase):
    def test_the_columns(self) -> None:
        self.contact()
        page = self.get(LIST)
        heads = ["Details", "Name", "Group", "State", "Version", "Certificate Expires"]
        heads += ["Enrolled With Key", "Enrolled"]
        self.assertEqual(texts(page, "thead th"), heads)
        for text in (f'href="{self.page}"', "1.2.3", f'href="/service-edge-keys/{self.key.pk}/"'):
            self.assertContains(page, text)

    def test_the_menu_leads_to_it_for_those_who_may(self) -> None:
        current = parsed(self.get(LIST)).select("nav[aria-label=Main] a[aria-current=page]")
        self.assertEqual([(link["href"], words(link)) for link in current], [(LIST, "Service Edges")])
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

    def test_a_filter_finds_the_edges_whose_state_is_its_word(self) -> None:
        key, text = make_key("Many", max_uses=10)
        moments = (
            None,
            timedelta(),
            timedelta(minutes=4),
            timedelta(days=9),
            -timedelta(minutes=2),
            -timedelta(days=9),
        )
        for ago in (*moments, *moments[:2]):
            self.enroll(text)
            last = now() - ago if ago is not None else None
            ServiceEdge.objects.filter(pk=ServiceEdge.objects.latest("id").pk).update(last_contact_at=last)
        *_, disabled, revoked = ServiceEdge.objects.order_by("id")
        ServiceEdge.objects.filter(pk=disabled.pk).update(enabled=False)
        revoke_edge(revoked, reason="superseded", actor=ACTOR)
        for name, values in (
            ("connection", ("connected", "disconnected", "never")),
            ("status", ("disabled", "revoked")),
        ):
            for value in values:
                states = texts(self.get(LIST, key=key.name, **{name: value}), ".row .state")
                self.assertEqual({state.split(" ")[0].lower() for state in states}, {value}, states)
        found = texts(self.get(LIST, key=key.name, connection="disconnected"), ".row .state")
        self.assertEqual([state.partition(" dated")[0] for state in found], [
            "Disconnected · last contact", "Disconnected · 9 days", "Disconnected · 4 min",
        ])  # fmt: skip

    def test_rude_queries_are_as_if_absent(self) -> None:
        for value in (*RUDE, cursor_of(["x", 1]), cursor_of([10**30, 1]), cursor_of([1]), cursor_of({})):
            # A list reads one of page, after and before, and none of them hides the other of its pair.
            for together in (("page", "per_page"), ("after", "sort"), ("before",)):
                with self.subTest(names=together, value=value):
                    self.assertEqual(self.get(LIST, **dict.fromkeys(together, value)).status_code, 200)

    def test_each_state_of_a_row_gives_what_the_template_prints(self) -> None:
        key, text = make_key("Many", max_uses=10)
        for _ in range(4):
            self.enroll(text)
        self.contact(timedelta(days=2))
        first, second, third, bare = ServiceEdge.objects.filter(key_public_id=key.public_id).order_by("id")
        ServiceEdge.objects.filter(pk=first.pk).update(last_contact_at=now(), name='"<é> & %s', platform="<x86_64>")
        ServiceEdge.objects.filter(pk=second.pk).update(last_contact_at=now() + timedelta(days=3), addresses=["::1"])
        ServiceEdge.objects.filter(pk=third.pk).update(enabled=False, last_contact_at=now())
        revoke_edge(bare, reason="superseded", actor=ACTOR)
        delete_key(key, actor=ACTOR)
        at, zone, edges = now(), zones.current(), read(ServiceEdge.objects.all())
        edges.append(edges[-1]._replace(enrolled_from=None))
        states = [edge_state(edge, at, zone) for edge in edges]
        self.assertEqual({state.word for state in states}, {"Connected", "Disconnected", "Disabled", "Revoked"})
        for edge, state in zip(edges, states, strict=True):
            for is_open in (False, True):
                with self.subTest(edge=edge.name, state=state.word, is_open=is_open):
                    badge = badge_of(edge, at)
                    row = values_of(edge, state, badge, zone) | state_of(edge, state, badge, is_open).for_templates()
                    printed = render_to_string("enrollment/_edge_row.html", {"row": row, **ALL_CELLS._asdict()})
                    filled = render_rows([edge], at, lambda _, is_open=is_open: is_open, ALL_CELLS)
                    self.assertEqual([*filled], [printed])

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
                # Sorting the few rows of a test is cheaper.
                cursor.execute("SET LOCAL enable_sort = off")
        rows, order = annotated(ServiceEdge.objects.filter(deleted_at=None)), EdgeTable.orders()["enrolled"]
        for descending in (False, True):
            plan = keys_in_order(rows, Q(pk__gt=3), order, descending)[:26].explain()
            self.assertNotRegex(plan, "SCAN|Seq Scan|TEMP B-TREE|Sort")
            self.assertRegex(plan, "USING INTEGER PRIMARY KEY|Index Cond")

    def test_f46_the_end_of_its_certificate_is_a_badge_and_a_filter(self) -> None:
        _key, text = make_key("Many", max_uses=10)
        ends = {-1: "Expired", 3: "3 days", 20: "20 days", 28: "28 days", 60: ""}
        for days in ends:
            self.enroll(text)
            until = now() + timedelta(days=days, minutes=5)
            ServiceEdge.objects.filter(pk=ServiceEdge.objects.latest("id").pk).update(certificate_until=until)
        revoke_edge(self.edge, reason="superseded", actor=ACTOR)
        cell = '.row [data-label="Certificate expires"]'
        every = texts(self.get(LIST, sort="expires"), cell)
        self.assertEqual(every[:2], ["None valid", "Expired"])
        for value, days in (("expired", [-1]), ("7", [3]), ("30", [3, 20, 28]), ("overdue", [3, 20])):
            found = texts(self.get(LIST, expires=value, sort="expires"), f"{cell} .badge")
            self.assertEqual([each.removeprefix("Expires in ") for each in found], [ends[day] for day in days], value)
        at, (edge, *_) = now().replace(hour=12), read(ServiceEdge.objects.all())
        for hours, word in ((1, "Today"), (13, "Tomorrow")):
            badge = expiry(at + timedelta(hours=hours), at)
            row = values_of(edge, edge_state(edge, at, zones.current()), badge, zones.current())
            self.assertEqual(row["expiry"], word)

    # PostgreSQL reads a table of one page whole.
    @pytest.mark.once
    def test_disabled_and_revoked_edges_are_found_in_an_index_of_few(self) -> None:
        for word in ("expired", "7", "30", "overdue"):
            found = EDGES.rows().filter(EdgeFilters.base_filters["expires"].condition(word))
            self.assertIn("COVERING INDEX edge_by_expiry", capped(found).explain())
        for word in ("disconnected", "never"):
            found = EDGES.rows().filter(EdgeFilters.base_filters["connection"].condition(word))
            plan = capped(found).explain()
            self.assertRegex(plan, "SEARCH .*edge_by_contact")
            self.assertNotRegex(plan, "SCAN")
        # "Or" makes PostgreSQL read the whole index, and SQLite keep what it found.
        counted = EdgeFilters.base_filters["connection"].counted(EDGES.rows(), "disconnected")
        self.assertNotIn("MULTI-INDEX OR", capped(counted).explain())
        plans = {
            "status=disabled": "SCAN .*COVERING INDEX edge_disabled",
            "status=revoked": "SEARCH .*COVERING INDEX edge_by_revocation",
            "version=1": "SEARCH .*COVERING INDEX edge_by_version",
            f"group={self.edge.group_id}": "SEARCH .*COVERING INDEX edge_by_group",
            f"cert={self.key.signing_certificate_id}": "SEARCH enrollment_issued.*COVERING INDEX issued_by_issuer",
        }
        for query, index in plans.items():
            with self.subTest(query):
                found = EdgeFilters(EDGES.state(QueryDict(query)), EDGES.rows()).chosen
                self.assertRegex(capped(found).explain(), index)
                # Else SQLite finds all of many before it takes the first.
                self.assertNotIn("LIST SUBQUERY", capped(found).explain())

    # PostgreSQL knows how many rows a filter leaves and how many a page needs.
    @pytest.mark.once
    def test_filters_find_few_rows_first_and_many_in_the_order_of_the_page(self) -> None:
        issued, renewed = f"cert={self.key.signing_certificate_id}", self.edge.certificates.get()
        # Two certificates in force make no edge two.
        renewed.pk, renewed.renews_id, renewed.serial, renewed.claims_key_pair = None, renewed.pk, "2", False
        renewed.save(force_insert=True)
        for query in ("status=enabled", "connection=never", "expires=30", f"group={self.edge.group_id}", issued):
            for sort in ("-enrolled", "name"):
                state = EDGES.state(QueryDict(f"{query}&sort={sort}"))
                filters, order = EdgeFilters(state, EDGES.rows()), EDGES.order(state)
                by = order.by(state.descending)
                few, many = (filters.for_page(total, order).order_by(*by) for total in (COUNTED, COUNTED + 1))
                found = [] if query == "expires=30" else [self.edge]
                self.assertEqual([[*few], [*many], [*filters.chosen.order_by(*by)]], [found] * 3)
                self.assertNotRegex(many.explain(), "TEMP B-TREE|LIST SUBQUERY|SEARCH enrollment_serviceedge")
                self.assertIn("LIST SUBQUERY", few.explain())

    @pytest.mark.once
    def test_revoked_edges_are_read_from_where_certificates_have_ended(self) -> None:
        _key, text = make_key("Many", max_uses=10)
        self.enroll(text)
        revoke_edge(self.edge, reason="superseded", actor=ACTOR)
        for sort in ("expires", "-expires"):
            with self.subTest(sort):
                state = EDGES.state(QueryDict(f"status=revoked&sort={sort}"))
                order = EDGES.order(state)
                many = EdgeFilters(state, EDGES.rows()).for_page(COUNTED + 1, order, COUNTED + 1)
                many = many.order_by(*order.by(state.descending))
                self.assertEqual([*many], [self.edge])
                self.assertRegex(many.explain(), r"edge_by_expiry \(certificate_until<")


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
        for text in ("1 in the last 24 hours", "Malformed provisioning key", "203.0.113.9"):
            self.assertIn(text, words)
        self.assertNotIn("Malformed", section(self.client.get(f"/service-edge-keys/{self.key.pk}/")))

    def test_one_row_a_minute_for_each_code_and_network_whatever_the_process(self) -> None:
        known = AuditEvent.objects.count()
        for address in ("203.0.113.9", "203.0.113.77", "198.51.100.1"):
            for _ in range(5):
                # Another process has other memory. The database also accepts no second row.
                sampled.reset()
                rate_limit.unproved.reset()
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
