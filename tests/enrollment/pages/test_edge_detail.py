"""The page of an edge: state, connection, certificates, timeline."""

from __future__ import annotations

from datetime import timedelta

from enrollment.operations import delete_edge, revoke_edge
from keys.operations import delete_key
from keys.pages.presentation import colons
from tests.enrollment.pages.base import EdgePagesTestCase
from tests.enrollment.pages.test_history import section
from tests.enrollment.pages.test_timeline import EVENTS, RUDE
from tests.enrollment.revocation import certificate_of
from tests.factories import ACTOR
from tests.support.html import texts

LIST = "/service-edges/"


class DetailTests(EdgePagesTestCase):
    def test_it_shows_what_the_edge_said_of_itself(self) -> None:
        self.contact()
        page = self.get(self.page)
        shown = texts(page, ".summary dd")
        self.assertEqual(texts(page, "h1 + .state"), ["Connected · 0 s ago"])
        for text in ("1.2.3", "Linux 6.1 <x86_64>", "192.0.2.7, 2001:db8::7"):
            self.assertIn(text, shown)

    def test_the_state_is_the_same_on_every_page_that_shows_the_edge(self) -> None:
        for ago, word in ((timedelta(seconds=12), "Connected · 1"), (timedelta(hours=1), "Disconnected · 1 h")):
            self.contact(ago)
            self.sign_in("sam")
            for path in (self.page, LIST, f"/service-edge-keys/{self.key.pk}/"):
                self.assertTrue(any(text.startswith(word) for text in texts(self.get(path), ".state")), path)
            listed = texts(self.get("/admin/enrollment/serviceedge/"), ".field-state .state")
            self.assertTrue(listed[0].startswith(word), listed)
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

    def test_a_revoked_edge_offers_nothing_without_an_effect(self) -> None:
        self.sign_in("ada")
        buttons = "#stop .button", ".page-head .button"
        offered = [texts(self.get(self.page), each) for each in buttons]
        self.assertEqual(offered, [["Disable", "Revoke edge", "Delete edge"], ["Edit", "Disable, revoke or delete"]])
        revoke_edge(self.edge, reason="keyCompromise", actor=ACTOR)
        offered = [texts(self.get(self.page), each) for each in buttons]
        self.assertEqual(offered, [["Delete edge"], ["Edit", "Delete"]])

    def test_it_leads_to_its_key_and_says_when_that_is_gone(self) -> None:
        self.assertContains(self.get(self.page), f'href="/service-edge-keys/{self.key.pk}/"')
        address = f"/service-edge-keys/{self.key.pk}/"
        delete_key(self.key, actor=ACTOR)
        page = self.get(self.page)
        self.assertContains(page, "<bdi>Edge</bdi>, deleted since")
        self.assertNotContains(page, address)

    def test_its_history_is_its_own(self) -> None:
        self.enroll(self.text)
        words = section(self.get(self.page))
        self.assertIn("Edge-1", words)
        self.assertIn("Enrolled", words)
        self.assertNotIn("Edge-2", words)

    def test_what_people_did_is_for_those_who_read_the_audit_log(self) -> None:
        revoke_edge(self.edge, reason="keyCompromise", actor=ACTOR)
        self.assertEqual(texts(self.get(self.page), EVENTS), ["Enrolled"])
        self.sign_in("tom")
        self.assertEqual(texts(self.get(self.page), EVENTS), ["Revoked", "Enrolled"])
        self.assertEqual(texts(self.get(self.page), '#timeline [data-label="By"]'), ["the tests", "Edge-1"])

    def test_a_deleted_edge_has_its_page_and_no_place_in_the_list(self) -> None:
        delete_edge(self.edge, actor=ACTOR)
        self.assertEqual(texts(self.get(self.page), "h1 + .state"), ["Deleted"])
        self.assertNotContains(self.get(LIST), self.page)

    def test_rude_addresses_are_no_500(self) -> None:
        for value in RUDE:
            self.assertEqual(self.get(self.page, timeline_after=value).status_code, 200)
        for pk in ("0", "999999", "9" * 30, "x"):
            self.assertEqual(self.get(f"{LIST}{pk}/").status_code, 404)
