"""The audit log as an auditor reads it: rows, filters, differences in words, links, and who may see it (F45, J-04)."""

from __future__ import annotations

import csv
import io
import uuid
from dataclasses import replace
from datetime import timedelta
from typing import Any
from unittest import skipUnless
from unittest.mock import patch
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from django.db import connection
from django.db.models import Q
from django.db.models.expressions import RawSQL
from django.db.models.lookups import GreaterThan
from django.http import QueryDict
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.html import strip_tags

from enrollment.models import ServiceEdge
from enrollment.operations import enroll
from enrollment.pages.audit_log import EVENTS
from enrollment.pages.audit_rows import changes_in_one_line, facts_in_one_line
from keys import operations
from keys.models import ProvisioningKey, ServiceEdgeGroup
from keys.pages import activity
from portal import audit
from portal.actors import Actor
from portal.audit_actions import DETAIL_FIELDS, Action
from portal.lists import exporting
from portal.lists.counting import COUNTED, capped
from portal.lists.listing import OpenList
from portal.lists.paging import keys_in_order, read_in_order
from portal.models import AuditEvent
from tests.base import CAST, PortalTestCase
from tests.factories import ACTOR, EDGE, make_csr, make_group, make_key
from tests.support.html import links, parsed, texts

LOG = "/audit-log/"
OLGA = Actor("user", "olga", "portal", id="7", client_ip="198.51.100.9", request_id="0123456789abcdef")
NO_ROWS = ".empty h2"
AT = EVENTS.order(EVENTS.state(QueryDict()))


def endless(name: str) -> Q:
    """A condition that takes minutes, as one that no index answers takes at ten million events."""
    numbers = "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 1000000000)"
    return Q(GreaterThan(RawSQL(f"({numbers} SELECT MAX(n) FROM t)", []), 0))  # a constant


# Each field of a detail: its label, and what is stored, with the words of pages.
WORDS: dict[str, tuple[str, list[tuple[Any, str]]]] = {
    "name": ("Name", [("off", "off")]),
    "description": ("Description", [("TRUE", "TRUE")]),
    "enabled": ("Enabled", [("on", "On"), ("off", "Off")]),
    "max_uses": ("Maximum", [("66600", "66,600")]),
    "group": ("Group", [("South", "South")]),
    "signing_certificate": ("Signing certificate", [("Berlin CA", "Berlin CA")]),
    "viewable": ("View or export after creation", [("off", "Off")]),
    "expires_at": ("Expires", [("2050-01-01 11:00:00+00:00", "1 Jan 2050, 11:00 UTC"), ("", "")]),
    "allowed_networks": ("Allowed networks", [("10.0.0.0/8, ::1/128", "10.0.0.0/8, ::1/128")]),
    "certificates": ("Certificates", [(1200, "1,200")]),
    "serials": ("Serials", [(["0a", "0b"], "0a, 0b")]),
    "revocation_reason": (
        "Revocation reason",
        [("keyCompromise", "Key compromised"), ("removeFromCRL", "removeFromCRL")],
    ),
    "edges": ("Edges", [(1200, "1,200")]),
    "is_public": ("Publicly accessible", [("FALSE", "No"), ("TRUE", "Yes"), ("DEFAULT", "Default")]),
    "trusted_networks": ("Client Connector trusted networks", [("Office, Lab", "Office, Lab")]),
    "use_in_dr_mode": ("Disaster recovery", [("on", "On")]),
    "private_cloud": ("Private cloud for business continuity", [("Cloud", "Cloud")]),
    "exclusive_for_business_continuity": ("Exclusive for business continuity", [("off", "Off")]),
    "alternative_cloud": ("Alternative cloud domain", [("example.net", "example.net")]),
    "override_version_profile": ("Persist local version profile", [("on", "On")]),
    "version_profile": ("Version profile", [("0", "Default"), ("2", "New Release")]),
    "upgrade_day": ("Software update day", [("SUNDAY", "Sunday")]),
    "upgrade_seconds": ("Software update time", [("66600", "18:30 UTC"), ("0", "00:00 UTC")]),
    "location": ("Location", [("0", "0")]),
    "latitude": ("Latitude", [("52.500000", "52.5"), ("100", "100")]),
    "longitude": ("Longitude", [("-13.000000", "-13")]),
    "city": ("City", [("Berlin", "Berlin")]),
    "country_code": ("Country code", [("DE", "DE")]),
    "grace_distance_enabled": ("Public service edge proximity override", [("off", "Off")]),
    "grace_distance": ("Distance", [("10.00", "10")]),
    "grace_distance_unit": ("Distance unit", [("MILES", "miles"), ("KMS", "km")]),
    "client_type": ("Client type", [("ZAPP_CLIENT", "Client Connector"), ("NONE", "None")]),
    "serial": ("Serial number", [("0a1b", "0a1b")]),
    "not_after": ("Valid until", [("2036-11-27 09:00:00+00:00", "27 Nov 2036, 09:00 UTC")]),
    "source": ("Source", [("requested", "Requested")]),
    "parent": ("Parent", [("Root", "Root")]),
    "edge_id": ("Edge id", [("7", "7")]),
    "key_public_id": ("Public id of the key", [("00ff", "00ff")]),
    "key_name": ("Key name", [("Berlin lab", "Berlin lab")]),
    "issuer": ("Issuer", [("Berlin CA", "Berlin CA")]),
    "use": ("Number of the use", [(3, "3")]),
    "renewed": ("Renewed", [("0a1b", "0a1b")]),
    "spki_sha256": ("Key pair (SHA-256)", [("00ff", "00ff")]),
    "fault": ("What was wrong", [("It is no CSR.", "It is no CSR.")]),
    "ignored_extensions": ("Ignored extensions", [(["a", "b"], "a, b")]),
    "rows": ("Rows", [("12000", "12,000")]),
    "filters": ("Filters", [("Group: South", "Group: South")]),
    "list": ("List", [("keys", "Keys")]),
    "shared": ("Shared", [("yes", "Yes")]),
    "username": ("Username", [("olga", "olga")]),
    "first_name": ("First name", [("Olga", "Olga")]),
    "last_name": ("Last name", [("Berg", "Berg")]),
    "email": ("Email", [("olga@example.net", "olga@example.net")]),
    "is_active": ("Active", [("off", "Off")]),
    "is_staff": ("May open the support pages", [("on", "On")]),
    "is_superuser": ("Superuser", [("on", "On")]),
    "roles": ("Roles", [("Auditor, Viewer", "Auditor, Viewer")]),
    "password": ("Password", [("changed", "changed")]),
    "method": ("Method", [("POST", "POST")]),
    "page": ("Page", [("/service-edge-keys/7/", "/service-edge-keys/7/")]),
    "sessions": ("Sessions", [("Firefox on Linux", "Firefox on Linux")]),
}


class AuditLogTestCase(PortalTestCase):
    """A key that olga made, renamed, raised and copied, with an edge; and a key and a group that are gone."""

    key: ProvisioningKey
    edge: ServiceEdge

    @classmethod
    def setUpTestData(cls) -> None:
        cls.key, text = make_key("Berlin lab", max_uses=3)
        gone, _ = make_key("Gone lab", group=cls.key.group)
        operations.delete_key(gone, actor=OLGA)
        cls.edge = ServiceEdge.objects.get(uuid=enroll(text, make_csr(), caller=EDGE).edge_uuid)
        cls.key.refresh_from_db()
        group = make_group("South", description="In the south hall")
        group.description = "In the north hall"
        operations.edit_group(group, fields=["description"], version=group.version, actor=OLGA)
        operations.raise_limit(cls.key, max_uses=9, actor=OLGA)
        operations.reveal_key(cls.key, purpose="copy", actor=OLGA)
        refused = audit.Subject("key", str(cls.key.pk), cls.key.name)
        audit.record(audit.Action.EDGE_REFUSED, EDGE, refused, reason="key_expired")
        old = audit.row(audit.Action.USER_SIGNED_IN, OLGA, audit.Subject("user", "7", "olga"))
        audit.record_all([{**old, "at": timezone.now() - timedelta(days=3)}])

    def setUp(self) -> None:
        self.sign_in("tom")

    def get(self, **query: Any) -> Any:
        return self.client.get(LOG, query)

    def actions(self, **query: Any) -> set[str]:
        """The actions of the events that filters leave, without those of the reader's own visit."""
        page = self.get(**query, per_page=100)
        self.assertEqual(page.status_code, 200)
        return {each.action for each in page.context["list"].page.rows} - {"user.signed_in"}


class RowTests(AuditLogTestCase):
    def test_f45_the_columns_are_named_and_the_newest_event_is_first(self) -> None:
        page = self.get()
        heads = [" ".join(each.split()) for each in texts(page, ".events > thead th")]
        self.assertEqual(
            heads,
            [
                "Details",
                *("Time", "Who", "Action", "Resource type", "Resource", "Interface", "Client address", "Result"),
                "Request id",
            ],
        )
        times = [row["datetime"] for row in parsed(page).select("tr.row time")]
        self.assertEqual(times, sorted(times, reverse=True))

    def test_f45_f14_a_raised_maximum_shows_before_and_after(self) -> None:
        page = self.get(action="key.limit_raised", expand="all")
        self.assertEqual(texts(page, ".changes tbody th, .changes tbody td"), ["Maximum", "3", "9"])
        self.assertEqual(
            texts(page, "tr.row th, tr.row td")[2:7], ["olga", "Limit raised", "Key", "Berlin lab", "Portal"]
        )
        self.assertContains(page, "key.limit_raised")

    def test_f45_the_difference_is_marked_as_removed_and_added_words(self) -> None:
        page = self.get(action="group.edited", expand="all")
        self.assertEqual(texts(page, ".changes del"), ["south"])
        self.assertEqual(texts(page, ".changes ins"), ["north"])

    @pytest.mark.once
    def test_f45_each_field_has_the_words_of_pages(self) -> None:
        """In the page, its CSV and timelines. A new field of a detail without a case fails."""
        fields = frozenset().union(*DETAIL_FIELDS.values()) - {"count"}
        self.assertEqual(set(WORDS), fields, "Give a new field a case.")
        for name, (label, values) in WORDS.items():
            for stored, words in values:
                with self.subTest(name=name, stored=stored):
                    created = AuditEvent(action=Action.GROUP_CREATED, detail={name: stored})
                    self.assertEqual(facts_in_one_line(created), f"{label}: {words}")
                    if isinstance(stored, str):
                        edited = AuditEvent(action=Action.GROUP_EDITED, at=timezone.now(), detail={name: [stored, "x"]})
                        self.assertIn(f"{label}: {words} ".replace("  ", " "), changes_in_one_line(edited))
                        if name != "revocation_reason":
                            self.assertIn(f"{label}: {words} ", strip_tags(activity.described(edited).changes[0]))

    def test_f45_a_secret_is_only_named(self) -> None:
        event = audit.row(audit.Action.USER_EDITED, OLGA, audit.Subject("user", "7", "olga"))
        audit.record_all([{**event, "detail": {"password": "changed"}}])
        self.assertIn("Changed. The value is not recorded.", texts(self.get(action="user.edited"), ".changes td"))

    @pytest.mark.once
    def test_what_people_and_machines_wrote_is_text(self) -> None:
        """The rows are substituted text: each value, also inside an address, is escaped."""
        bad = """<i a="b" c='d'>&amp;{{ x }}"""
        actor = replace(OLGA, name=bad, client_ip=None, request_id=bad)
        subject = audit.Subject("group", bad, bad)
        audit.record(audit.Action.GROUP_EDITED, actor, subject, detail={"city": [bad, f"{bad} new"]})
        audit.record(audit.Action.GROUP_CREATED, actor, subject, reason=bad, detail={"city": bad})
        page = self.get(resource=bad, expand="all")
        self.assertEqual(parsed(page).select("tr.record i, .events i"), [])
        shown = [
            each
            for each in texts(page, "tbody.record bdi, tbody.record dd, .changes td, tr.row .state")
            if "{{" in each
        ]
        # Who and resource of both; its words, its id, its city, and two of the change.
        self.assertEqual([shown.count(bad), shown.count(f"{bad} new")], [8, 1])
        found = parse_qs(urlsplit(links(page, "tr.details a.button.small")[0]).query)
        self.assertEqual(found, {"resource": [f"group:{bad}"]})

    def test_f45_names_link_to_what_exists_and_a_refusal_has_its_reason_in_words(self) -> None:
        self.assertIn(self.key.get_absolute_url(), links(self.get(resource="Berlin lab"), "tr.row td a"))
        self.assertIn(self.edge.get_absolute_url(), links(self.get(action="edge.enrolled"), "tr.row td a"))
        south = ServiceEdgeGroup.objects.get(name="South")
        self.assertIn(south.get_absolute_url(), links(self.get(action="group.edited"), "tr.row td a"))
        gone = self.get(resource="Gone lab")
        self.assertEqual([each for each in links(gone, "tr.row td a") if not each.startswith("?")], [])
        self.assertContains(self.get(result="refused"), "Key expired")
        stale = audit.Subject("key", str(self.key.pk), self.key.name)
        audit.record(audit.Action.KEY_EDITED, ACTOR, stale, reason="stale_version")
        self.assertContains(self.get(action="key.edited", result="refused"), "Changed in the meantime")

    def test_the_pages_of_a_key_and_an_edge_link_to_their_events(self) -> None:
        for record, resource in ((self.key, f"key:{self.key.pk}"), (self.edge, f"edge:{self.edge.uuid}")):
            address = f"{LOG}?{urlencode({'resource': resource})}"
            self.assertIn(address, links(self.client.get(record.get_absolute_url()), "#timeline a"))
            self.assertTrue(self.client.get(address).context["list"].page.rows)
        who_got_it = f"{LOG}?{urlencode({'resource': f'key:{self.key.pk}'})}&action=key.revealed&result=success"
        self.assertIn(who_got_it, links(self.client.get(self.key.get_absolute_url()), "#timeline a"))
        self.assertEqual(len(self.client.get(who_got_it).context["list"].page.rows), 1)
        self.sign_in("vic")
        self.assertNotContains(self.client.get(self.key.get_absolute_url()), LOG)

    def test_f54_a_page_takes_few_queries(self) -> None:
        self.get()
        for query in ({}, {"q": "lab"}, {"who": "olga", "time": "24h"}, {"resource": f"key:{self.key.pk}"}):
            with self.subTest(query), CaptureQueriesContext(connection) as captured:
                self.get(**query)
            limiting = ("SAVEPOINT", "RELEASE", "SELECT set_config", "SELECT current_setting")
            reads = [each["sql"] for each in captured if not each["sql"].startswith(limiting)]
            # Session, user and permissions are four. PostgreSQL looks the key of a resource up in the same statement.
            looks_up = "q" in query or ("resource" in query and connection.vendor == "sqlite")
            self.assertLessEqual(len(reads), 8 if looks_up else 7)


class FilterTests(AuditLogTestCase):
    def test_f45_each_filter_finds_its_events(self) -> None:
        ours = {"key.deleted", "group.edited", "key.limit_raised", "key.copied"}
        operations.reveal_key(self.key, purpose="show", actor=ACTOR)
        audit.record(Action.KEY_DOWNLOADED, ACTOR, audit.Subject("key", str(self.key.pk), self.key.name))
        minute = f"{timezone.now() - timedelta(minutes=5):%Y-%m-%dT%H:%M}"
        for query, found in [
            ({"who": "olga"}, ours),
            ({"action": "key.copied"}, {"key.copied"}),
            ({"action": "key.revealed"}, {"key.copied", "key.downloaded", "key.shown"}),
            ({"type": "edge"}, {"edge.enrolled"}),
            ({"result": "refused"}, {"edge.refused"}),
            ({"interface": "enrollment"}, {"edge.enrolled", "edge.refused"}),
            ({"interface": "portal"}, ours),
            ({"address": "192.0.2.7"}, {"edge.enrolled", "edge.refused"}),
            ({"address": "198.51.100.9", "type": "group"}, {"group.edited"}),
            ({"request": "request-1"}, {"edge.enrolled", "edge.refused"}),
            ({"resource": f"edge:{self.edge.uuid}"}, {"edge.enrolled"}),
            ({"resource": "Gone lab"}, {"key.created", "key.deleted"}),
            ({"until": minute}, {"certificate.created"}),
            ({"since": minute, "who": "olga"}, ours),
            ({"result": "success", "who": "olga", "type": "key"}, {"key.deleted", "key.limit_raised", "key.copied"}),
        ]:
            with self.subTest(query):
                self.assertEqual(self.actions(**query), found)

    def test_an_action_is_chosen_in_words(self) -> None:
        page = self.get(action="key.limit_raised")
        self.assertEqual(texts(page, ".chip bdi"), ["Action: Key limit raised"])

    def test_f45_a_preset_leaves_out_what_is_older(self) -> None:
        for preset, count in (("24h", 0), ("7d", 1)):
            found = self.get(time=preset, who="olga", action="user.signed_in").context["list"].page
            self.assertEqual(len(found.rows), count, preset)
        self.assertIn("?time=24h", links(self.get(), "#segments a"))

    def test_f45_search_finds_a_resource_a_user_and_a_request(self) -> None:
        on_the_key = {"key.created", "key.limit_raised", "key.copied", "edge.refused"}
        for term, found in [
            ("berlin", on_the_key | {"edge.enrolled"}),
            ("BERLIN LAB", on_the_key | {"edge.enrolled"}),
            ("Gone lab", {"key.created", "key.deleted"}),
            (self.edge.name, {"edge.enrolled"}),
            ("olga", {"key.deleted", "group.edited", "key.limit_raised", "key.copied"}),
            ("0123456789abcdef", {"key.deleted", "group.edited", "key.limit_raised", "key.copied"}),
            ("192.0.2.7", {"edge.enrolled", "edge.refused"}),
            ("nothing of the kind", set()),
            ("50%_\\", set()),
        ]:
            with self.subTest(term):
                self.assertEqual(self.actions(q=term), found)

    def test_f45_of_too_many_names_search_takes_the_whole_one(self) -> None:
        with patch("enrollment.audit_search.MOST", 0):
            self.assertEqual(self.actions(q="berlin"), set())
            self.assertIn("key.copied", self.actions(q="berlin lab"))

    def test_f45_all_events_of_a_key_include_those_of_its_edges(self) -> None:
        found = self.actions(resource=f"key:{self.key.pk}")
        self.assertEqual(found, {"key.created", "key.limit_raised", "key.copied", "edge.refused", "edge.enrolled"})

    def test_a_resource_that_is_no_record_finds_nothing(self) -> None:
        for wanted in ("key:x", "key:", ":", "edge:x", f"edge:{uuid.UUID(int=0)}", "list:9", "key:" + "9" * 30):
            with self.subTest(wanted):
                self.assertEqual(texts(self.get(resource=wanted), NO_ROWS), ["No events match these filters"])

    @pytest.mark.once
    @skipUnless(connection.vendor == "sqlite", "PostgreSQL knows how many events have a value")
    def test_f54_the_rarest_of_several_filters_is_read_from_its_index_in_the_order_of_the_page(self) -> None:
        for query, index in [
            ("who=olga", "by_actor (actor_name=?)"),
            ("who=olga&action=key.copied", "by_actor (actor_name=?)"),
            ("who=olga&action=key.copied&time=7d", "by_actor (actor_name=? AND at>?)"),
            ("action=key.copied&type=key&address=192.0.2.7", "by_address (client_ip=?)"),
            ("action=key.copied&resource=Berlin lab", "by_name (object_name=?)"),
            ("action=key.copied&result=success", "by_action (action=?)"),
            ("action=key.revealed", "revealed_a_key"),
            ("result=refused&time=7d&interface=enrollment", "refused (at>?)"),
        ]:
            with self.subTest(query):
                rows, state = EVENTS.rows(), EVENTS.state(QueryDict(query))
                filters, order = EVENTS.filters(state, rows), EVENTS.order(state)
                page = keys_in_order(filters.for_page(COUNTED + 1, order), Q(), order, descending=True)
                for found in (page[:51], capped(filters.chosen)):
                    plan = found.explain()
                    self.assertIn(f"audit_event_{index}", plan)
                    self.assertNotIn("TEMP B-TREE", plan)

    @pytest.mark.once
    @skipUnless(connection.vendor == "sqlite", "PostgreSQL reads all of a small table sooner")
    def test_f54_the_events_of_a_key_and_of_its_edges_are_found_in_their_indexes(self) -> None:
        filters = EVENTS.filters(EVENTS.state(QueryDict(f"resource=key:{self.key.pk}")), EVENTS.rows())
        names = ("people_by_object", "refused_by_key", "of_machines_by_key")
        plan = capped(filters.chosen).explain()
        for name in names:
            self.assertIn(f"SEARCH portal_auditevent USING INDEX audit_event_{name}", plan)
        # Only what machines did with the key has to be sorted, however many events there are.
        page = read_in_order(
            EVENTS.rows(), filters.for_page(9, AT, 9), Q(), AT, descending=True, start=0, count=51
        ).explain()
        for name in names:
            self.assertRegex(page, f"USING (COVERING )?INDEX audit_event_{name}")
        self.assertEqual(page.count("TEMP B-TREE FOR ORDER BY"), 3)

    def test_f54_pages_of_a_resource_and_its_count_have_each_event_once(self) -> None:
        subject, other = (audit.Subject("key", str(pk), "Berlin lab") for pk in (self.key.pk, self.key.pk + 1))
        edge, details = audit.Subject("edge", "e" * 32, "e"), {"key_public_id": self.key.public_id}
        start, rows = timezone.now() - timedelta(hours=2), []
        for number in range(30):
            # Pairs of equal times, and a later event with a smaller id.
            at = start + timedelta(minutes=number // 2 if number != 20 else 0)
            rows += [
                audit.row("key.copied", OLGA, subject, at=at),
                audit.row("edge.refused", EDGE, subject, reason="key_expired", detail=details, at=at),
                audit.row("edge.refused", EDGE, subject, reason="key_disabled", detail={}, at=at),
                audit.row("edge.enrolled", EDGE, edge, detail=details, at=at),
                audit.row("key.copied", OLGA, other, at=at),
            ]
        audit.record_all(rows)
        events = sorted(AuditEvent.objects.all(), key=lambda each: (each.at, each.pk), reverse=True)
        of_key = [
            each.pk
            for each in events
            if (each.object_kind, each.object_id) == ("key", str(self.key.pk))
            or (each.interface == "enrollment" and each.detail.get("key_public_id") == self.key.public_id)
        ]
        refused = {each.pk for each in events if each.outcome == "refused"}
        of_edge = [each.pk for each in events if (each.object_kind, each.object_id) == ("edge", "e" * 32)]
        for query, expected in [
            (f"resource=key:{self.key.pk}", of_key),
            (f"resource=key:{self.key.pk}&result=refused&time=24h", [pk for pk in of_key if pk in refused]),
            (f"resource=edge:{'e' * 32}", of_edge),
        ]:
            for sort, in_order in (("-time", expected), ("time", expected[::-1])):
                last = -(-len(expected) // 25)
                shown = [self.opened(f"{query}&sort={sort}&per_page=25&page={page + 1}") for page in range(last)]
                state = EVENTS.state(QueryDict(f"{query}&sort={sort}&format=csv"))
                download = EVENTS.filters(state, EVENTS.rows()).for_page(len(expected), AT)
                with self.subTest(query, sort=sort):
                    self.assertEqual([event.pk for each in shown for event in each.page.rows], in_order)
                    self.assertEqual({each.page.total for each in shown}, {len(expected)})
                    # No database skips so many rows.
                    beyond = self.opened(f"{query}&sort={sort}&per_page=25&page={2**63 - 1}")
                    self.assertEqual([*beyond.page.rows], [*shown[-1].page.rows])
                    chunks = exporting.chunks(EVENTS, EVENTS.rows(), download, AT, descending=state.descending)
                    self.assertEqual([event.pk for chunk in chunks for event in chunk], in_order)

    def opened(self, query: str) -> OpenList:
        return EVENTS.open(RequestFactory().get(f"{LOG}?{query}"))

    def test_f45_a_combination_without_an_index_says_so_and_proposes_a_shorter_time(self) -> None:
        slow = patch.object(EVENTS.filters.base_filters["who"], "_condition", endless)
        for query in ({"who": "olga", "time": "7d"}, {"who": "olga", "time": "7d", "format": "csv"}):
            with self.subTest(query), patch.dict(vars(EVENTS), seconds=0.2), slow:
                page = self.get(**query)
                self.assertEqual(texts(page, NO_ROWS), ["These filters take too long together"])
                self.assertEqual(links(page, "#too-slow .button"), ["?who=olga&time=1h", "?who=olga&time=24h"])
                self.assertEqual(texts(page, "#count"), ["Not counted"])
        self.assertEqual(self.actions(who="olga", action="key.copied"), {"key.copied"})


class AccessTests(AuditLogTestCase):
    def test_j04_auditors_and_administrators_read_the_log_and_nobody_else(self) -> None:
        for name in CAST:
            self.sign_in(name)
            may = name in {"tom", "ada", "sue", "sam"}
            for query in ({}, {"format": "csv"}):
                with self.subTest(name=name, query=query):
                    self.assertEqual(self.get(**query).status_code, 200 if may else 403)
            menu = links(self.client.get("/preferences/"), "nav a")
            self.assertEqual(LOG in menu, may, name)

    def test_f45_csv_has_what_is_filtered(self) -> None:
        answer = self.get(format="csv", action="key.limit_raised")
        rows = list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))
        self.assertEqual(len(rows), 2)
        self.assertEqual(rows[0][1:6], ["Who", "Action", "Resource type", "Resource", "Interface"])
        self.assertEqual(rows[1][1:6], ["olga", "key.limit_raised", "key", "Berlin lab", "portal"])
        self.client.get("/service-edge-keys/add/")
        answer = self.get(format="csv", result="refused")
        refused = list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))
        # What was refused to whom.
        self.assertEqual((refused[0][-2], refused[1][1]), ("Details", "tom"))
        self.assertEqual(set(refused[1][-2].split("; ")), {"Method: GET", "Page: /service-edge-keys/add/"})
        self.assertEqual(
            [each.split(" ", 1)[1] for each in texts(self.get(result="refused"), "tr.row [data-label=Action]")],
            ["Not allowed by the role", "Key expired"],
        )
        self.assertEqual(rows[1][-1], "Maximum: 3 \N{RIGHTWARDS ARROW} 9")
