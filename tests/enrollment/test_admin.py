"""Support pages of edges and issued certificates."""

import re
from unittest import skipUnless
from unittest.mock import patch

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from enrollment.models import IssuedCertificate, ServiceEdge
from enrollment.operations import edit_edge, enroll, revoke_edge
from keys.operations import delete_key
from portal import audit
from portal.models import AuditEvent
from tests import factories
from tests.base import PortalTestCase
from tests.support.html import links, texts, the

EDGES = "/admin/enrollment/serviceedge/"
EVENTS = "/admin/portal/auditevent/"
CERTIFICATES = "/admin/enrollment/issuedcertificate/"


class EdgeAdminTest(PortalTestCase):
    def setUp(self) -> None:
        self.key, text = factories.make_key("berlin", max_uses=5)
        enroll(text, factories.make_csr(), caller=factories.EDGE)
        self.edge = ServiceEdge.objects.get()
        self.certificate = IssuedCertificate.objects.get()
        _, other = factories.make_key("oregon")
        enroll(other, factories.make_csr(), caller=factories.EDGE)

    def found(self, address: str, words: str) -> list[object]:
        """The rows of the list. The search field repeats what was searched for, so the page is not evidence."""
        return list(self.client.get(address, {"q": words}).context["cl"].result_list)

    def test_edges_are_found_by_name_key_and_uuid(self) -> None:
        self.sign_in("sam")
        for words in ("rlin-1", "Berlin", self.key.public_id, str(self.edge.uuid)[:8]):
            self.assertEqual(self.found(EDGES, words), [self.edge], words)

    def test_certificates_are_found_by_serial_fingerprint_and_edge(self) -> None:
        self.sign_in("sam")
        for words in (self.certificate.serial, self.certificate.fingerprint, "rlin-1"):
            self.assertEqual(self.found(CERTIFICATES, words), [self.certificate], words)

    def test_events_are_found_by_names_as_in_the_audit_log(self) -> None:
        gone, _ = factories.make_key("Gone lab")
        delete_key(gone, actor=factories.ACTOR)
        self.sign_in("sam")
        for words, found in [
            ("berl", {"key.created", "edge.enrolled"}),
            ("berlin-", {"edge.enrolled"}),
            ("Gone lab", {"key.created", "key.deleted"}),
            ("qqqq", set()),
        ]:
            with self.subTest(words):
                self.assertEqual({event.action for event in self.found(EVENTS, words)}, found)

    def test_certificates_of_too_many_edges_are_those_of_the_first(self) -> None:
        self.sign_in("sam")
        with patch("enrollment.admin.MOST_EDGES", 1):
            page = self.client.get(CERTIFICATES, {"q": "1"})
        self.assertEqual(len(page.context["cl"].result_list), 1)
        self.assertEqual(
            texts(page, ".messagelist li"), ["More than 1 edges have such a name. The certificates of 1 are shown."]
        )

    @pytest.mark.once
    @skipUnless(connection.vendor == "sqlite", "PostgreSQL reads all of a small table sooner")
    def test_a_search_reads_no_table_of_machines_whole(self) -> None:
        self.sign_in("sam")
        for address in (EVENTS, CERTIFICATES, EDGES):
            with (
                self.subTest(address),
                patch("portal.first_names.MOST", 1),
                CaptureQueriesContext(connection) as captured,
            ):
                self.client.get(address, {"q": "berlin-1"})
            statements = [each["sql"] for each in captured if each["sql"].startswith("SELECT")]
            with connection.cursor() as cursor:
                read = [
                    step
                    for each in statements
                    for *_, step in cursor.execute(f"EXPLAIN QUERY PLAN {each}").fetchall()
                    if step.startswith("SCAN") and re.search("auditevent|issuedcertificate|serviceedge$", step)
                ]
            self.assertEqual(read, [], address)

    def test_deleting_an_edge_revokes_its_certificate_and_keeps_both_rows(self) -> None:
        self.sign_in("ada")
        self.assertEqual(self.client.post(f"{EDGES}{self.edge.pk}/delete/", {"post": "yes"}).status_code, 302)
        self.certificate.refresh_from_db()
        self.edge.refresh_from_db()
        self.assertEqual(self.certificate.revocation_reason, "cessationOfOperation")
        self.assertIsNotNone(self.edge.deleted_at)
        self.assertNotContains(self.client.get(EDGES), "berlin-1</a>")
        self.assertEqual(AuditEvent.objects.get(action="edge.deleted").detail["certificates"], 1)

    def test_its_page_shows_state_key_and_certificates(self) -> None:
        self.sign_in("sam")
        page = self.client.get(f"{EDGES}{self.edge.pk}/change/")
        self.assertContains(
            page, '<div class="readonly"><span class="state off">Never connected</span></div>', html=True
        )
        addresses = (
            f"/admin/keys/provisioningkey/{self.key.pk}/change/",
            f"{CERTIFICATES}{self.certificate.pk}/change/",
        )
        self.assertEqual([link for link in links(page, ".readonly a") if link in addresses], list(addresses))
        self.assertContains(page, "by Service Edge, valid until")
        revoke_edge(self.edge, reason="keyCompromise", actor=factories.ACTOR)
        delete_key(self.key, actor=factories.ACTOR)
        page = self.client.get(f"{EDGES}{self.edge.pk}/change/")
        for words in ("Revoked", "berlin, deleted since", "Key compromised"):
            self.assertContains(page, words)

    def test_history_leads_to_the_events_of_the_object(self) -> None:
        self.sign_in("ada")
        edge = ServiceEdge.objects.get(pk=self.edge.pk)
        edge.name = "renamed"
        edit_edge(edge, fields=["name"], actor=factories.ACTOR)
        for address in (f"{EDGES}{edge.pk}/history/", f"{CERTIFICATES}{self.certificate.pk}/history/"):
            answer = self.client.get(address)
            self.assertRedirects(answer, f"/admin/portal/auditevent/?object=edge%3A{edge.uuid}")
            events = self.client.get(answer.url).context["cl"].result_list
            self.assertEqual([event.action for event in events], ["edge.edited", "edge.enrolled"])
        answer = self.client.get(f"/admin/keys/provisioningkey/{self.key.pk}/history/")
        events = self.client.get(answer.url).context["cl"].result_list
        self.assertEqual([event.action for event in events], ["key.created"])
        self.assertEqual(self.client.get(f"{EDGES}0/history/").status_code, 302)
        for value in ("", "x", ":", "key:%00", "key:1:2"):
            with self.subTest(value):
                self.assertIn(self.client.get(f"/admin/portal/auditevent/?object={value}").status_code, {200, 302})

    def test_an_event_has_its_details_in_words(self) -> None:
        self.sign_in("sam")
        subject = audit.Subject("key", str(self.key.pk), "berlin")
        for action, detail, shown in (
            ("key.edited", {"enabled": ["on", "off"], "max_uses": ["5", "1000"]},
             "Enabled: On \N{RIGHTWARDS ARROW} Off<br>Maximum: 5 \N{RIGHTWARDS ARROW} 1,000"),
            ("key.created", {"name": "<b>berlin", "viewable": "on"},
             "Name: &lt;b&gt;berlin<br>View or export after creation: On"),
            ("user.signed_in", {"count": 1200}, "1,200 times"),
            ("key.shown", {}, "-"),
        ):  # fmt: skip
            with self.subTest(action):
                event = AuditEvent.objects.create(**audit.row(action, factories.ACTOR, subject, detail=detail))
                page = self.client.get(f"/admin/portal/auditevent/{event.pk}/change/")
                row = the(page, ".field-details .readonly").decode_contents().replace("<br/>", "<br>")
                # PostgreSQL keeps the members of an object in another order.
                self.assertEqual(sorted(row.split("<br>")), sorted(shown.split("<br>")))
                self.assertNotContains(page, "field-detail ")
        self.assertIn("User signed in", texts(self.client.get("/admin/portal/auditevent/"), "td.field-action"))

    def test_disabling_an_edge_is_audited(self) -> None:
        self.sign_in("ada")
        self.client.post(f"{EDGES}{self.edge.pk}/change/", {"name": "berlin-1", "description": ""})
        self.assertEqual(AuditEvent.objects.get(action="edge.edited").detail, {"enabled": ["on", "off"]})
