"""The page of one provisioning key."""

from __future__ import annotations

from django.db import connection
from django.test.utils import CaptureQueriesContext

from enrollment.models import IssuedCertificate, ServiceEdge
from enrollment.operations import delete_edge, enroll
from keys.models import ProvisioningKey
from tests.factories import ACTOR, EDGE, make_csr, make_key
from tests.keys.pages.base import LIST, KeyPageTestCase, managed_key, use_up
from tests.support.html import parsed, texts

EVENTS = '#timeline [data-label="Event"]'
# Session, user and two for permissions; the key, its edges, its history and the edges in it.
QUERIES = 8


class KeyDetail(KeyPageTestCase):
    def test_it_shows_state_and_actions_and_not_the_text(self):
        page = self.client.get(self.address)
        for action in ("Show", "Copy", "Download", "Edit", "Delete"):
            self.assertContains(page, f'aria-label="{action} key Oregon"')
        self.assertContains(page, "0 of 5")
        self.assertNotContains(page, self.text)
        self.assertNotContains(page, self.text[60:100])

    def test_at_the_limit_it_leads_to_the_limit(self):
        use_up(self.key)
        page = self.client.get(self.address)
        self.assertContains(page, f'<a href="{self.address}edit/#id_max_uses">Raise the limit</a>')
        self.assertNotContains(page, "Copy key")
        self.assertEqual(parsed(page).select("#main [formaction]"), [])

    def test_commands_to_deploy_are_not_on_the_page_of_a_key_without_uses_left_whoever_reads_it(self):
        for uses, found in ((0, 1), (5, 0)):
            ProvisioningKey.objects.filter(pk=self.key.pk).update(uses=uses)
            for who in ("sue", "vic"):
                self.sign_in(who)
                page = self.client.get(self.address)
                self.assertEqual(len(texts(page, "#deploy-title")), found, (uses, who))

    def test_no_page_of_one_key_reads_a_secret_column(self):
        for page in ("", "edit/", "delete/", "revoke/"):
            with CaptureQueriesContext(connection) as captured:
                self.assertIn(self.client.get(f"{self.address}{page}").status_code, (200, 409), page)
            read = " ".join(query["sql"] for query in captured)
            self.assertIn('"keys_provisioningkey"."max_uses"', read, page)
            for column in ("sealed_token", "pepper_id", '"keys_provisioningkey"."fingerprint"', '"der"'):
                self.assertNotIn(column, read, page)

    def test_a_managed_key_says_who_manages_it(self):
        key = managed_key()
        page = self.client.get(f"{LIST}{key.pk}/")
        self.assertEqual(texts(page, ".notice"), ["Zscaler manages this key. You can use it but not change it."])
        self.assertContains(page, "Copy key Vendor key")
        self.assertNotContains(page, "Edit key")

    def test_a_viewer_sees_neither_text_nor_actions(self):
        self.sign_in("vic")
        page = self.client.get(self.address)
        self.assertContains(page, "You do not have permission to view keys.")
        for absent in (
            "Show key",
            "Copy key",
            "Download key",
            "Edit key",
            "Delete key",
            "New key for this group",
            "PSEK",
        ):
            self.assertNotContains(page, absent)

    def test_who_may_not_view_keys_is_refused(self):
        self.sign_in("nora")
        self.assertEqual(self.client.get(self.address).status_code, 403)

    def test_a_key_that_does_not_exist_is_404(self):
        for pk in ("0", "999999", "9" * 30):
            self.assertEqual(self.client.get(f"{LIST}{pk}/").status_code, 404)


class WhatHappenedWithIt(KeyPageTestCase):
    def test_its_edges_are_listed_with_state_and_serial(self):
        self.assertContains(self.client.get(self.address), "No edge has enrolled with it.")
        enrolled = enroll(self.text, make_csr(), caller=EDGE)
        page = self.client.get(self.address)
        serial = IssuedCertificate.objects.get(edge__uuid=enrolled.edge_uuid).serial
        for text in ("<bdi>Oregon-1</bdi>", f"<code>{serial}</code>"):
            self.assertContains(page, text)
        self.assertEqual(texts(page, '#edges td[data-label="State"]'), ["Never connected"])
        delete_edge(ServiceEdge.objects.get(uuid=enrolled.edge_uuid), actor=ACTOR)
        self.assertEqual(texts(self.client.get(self.address), '#edges td[data-label="State"]'), ["Deleted"])

    def test_edges_of_other_keys_are_not(self):
        _, text = make_key("Texas")
        enroll(text, make_csr(), caller=EDGE)
        self.assertNotContains(self.client.get(self.address), "Texas")

    def test_who_may_read_the_audit_log_sees_what_people_did(self):
        self.sign_in("ada")
        self.client.post(f"{self.address}reveal/", {"for": "copy"})
        form = {"name": "Oregon", "max_uses": 9, "viewable": "on", "enabled": "on", "version": 1}
        self.client.post(f"{self.address}edit/", form)
        page = self.client.get(self.address)
        self.assertEqual(texts(page, EVENTS), ["Limit raised Maximum: 5 → 9", "Copied", "Created"])
        self.assertEqual(texts(page, '#timeline [data-label="By"]'), ["ada", "ada", "the tests"])

    def test_others_do_not(self):
        page = self.client.get(self.address)
        self.assertEqual(texts(page, EVENTS), [])
        self.assertContains(page, "None yet.")

    def test_many_edges_take_no_more_queries(self):
        enroll(self.text, make_csr(), caller=EDGE)
        with self.assertNumQueries(QUERIES):
            self.client.get(self.address)
        for _ in range(3):
            enroll(self.text, make_csr(), caller=EDGE)
        with self.assertNumQueries(QUERIES):
            self.client.get(self.address)
