"""Across modules: one field of the support site finds what a caller names, and the page of it shows its timeline."""

from __future__ import annotations

import json

import pytest
import time_machine
from django.contrib import admin
from django.db import connection
from django.http import HttpResponse
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from enrollment.models import ServiceEdge
from keys.models import SigningCertificate
from portal.models import AuditEvent
from tests import factories
from tests.base import CAST, STAFF
from tests.portal.test_support_search import SearchTestCase, colons
from tests.support.html import links, parsed, texts, words

SEARCH = "/admin/search/"


class SupportCallTest(SearchTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        factories.make_key("berlin sunny")
        cls.closed, text = factories.make_key("closed", enabled=False)
        body = json.dumps({"provisioning_key": text, "csr": factories.make_csr()})
        client = cls.client_class()
        answer = client.post("/enrollment/v1/enroll", body, content_type="application/json")
        cls.request_id = answer.json()["request_id"]

    def search(self, term: str) -> HttpResponse:
        return self.client.get(SEARCH, {"q": term})

    @staticmethod
    def page(record: object) -> str:
        return admin.site.get_model_admin(type(record)).address(record)  # type: ignore[attr-defined]

    def test_what_a_caller_names_is_opened(self) -> None:
        serial, fingerprint = self.certificate.serial, self.certificate.fingerprint
        root, refusal = SigningCertificate.objects.get(name="Root"), AuditEvent.objects.get(outcome="refused")
        named: dict[object, tuple[str, ...]] = {
            self.key: ("Berlin Süd", "BERLIN süd", self.key.public_id, colons(self.key.public_id), self.key.token_head),
            self.edge: ("berlin süd-1", str(self.edge.uuid)),
            self.certificate: (
                serial, colons(serial), str(int(serial, 16)), f"serial={serial}", fingerprint, colons(fingerprint),
            ),
            root: ("root", root.serial, colons(root.fingerprint)),
            self.closed.group: (self.closed.group.name,),
            refusal: (self.request_id, f" {self.request_id} "),
        }  # fmt: skip
        for record, terms in named.items():
            for term in terms:
                with self.subTest(term):
                    self.assertRedirects(self.search(term), self.page(record), fetch_redirect_response=False)

    def test_several_are_listed_with_what_tells_them_apart(self) -> None:
        ServiceEdge.objects.update(name="twin", sort_name="twin")
        page = self.search("TWIN")
        self.assertEqual(texts(page, "main section h2"), ["Private Service Edges"])
        self.assertEqual(len(links(page, "main section a")), 2)
        self.assertIn("with Berlin Süd", words(parsed(page).select_one("main section")))

    def test_a_name_that_nothing_has_is_a_beginning_and_else_leads_to_the_lists(self) -> None:
        page = self.search("BERLIN s")
        self.assertEqual(texts(page, "main section li a"), ["berlin sunny", "Berlin Süd", "Berlin Süd-1"])
        page = self.search("unny")
        self.assertContains(page, "Nothing has this name or identifier.")
        self.assertIn("/admin/keys/provisioningkey/?q=unny", links(page, "#content a"))

    def test_what_means_nothing_finds_nothing(self) -> None:
        for term in ("", " ", "\0", "%", "é" * 3000, "f" * 64, "0" * 49, "'", "<script>"):
            self.assertEqual(self.search(term).status_code, 200, term)

    def test_no_page_keeps_a_key_text(self) -> None:
        _, text = factories.make_key("pasted")
        answer = self.search(text)
        self.assertRedirects(answer, SEARCH, fetch_redirect_response=False)
        self.assertNotContains(self.client.get(SEARCH), text)

    def test_f51_the_page_shows_the_timeline_of_the_portal(self) -> None:
        portal = {self.key: self.key.get_absolute_url(), self.edge: self.edge.get_absolute_url()}
        refusal = AuditEvent.objects.get(outcome="refused")
        for shown, same in (
            (self.key, self.key), (self.edge, self.edge), (self.certificate, self.edge), (refusal, self.closed),
        ):  # fmt: skip
            path = portal.get(same, same.get_absolute_url())
            with self.subTest(str(shown)), time_machine.travel(timezone.now(), tick=False):
                support, own = (texts(self.client.get(each), "#timeline tbody tr") for each in (self.page(shown), path))
                self.assertTrue(support)
                self.assertEqual(support, own)
        self.assertIn("Refused: Key disabled", " ".join(texts(self.client.get(self.page(refusal)), "#timeline th")))

    def test_a_search_and_a_timeline_take_few_queries(self) -> None:
        of_key = self.page(self.key)
        # Of a key: session, user, two of permissions, key, two of events, their edges, and once a content type.
        for path, most in ((f"{SEARCH}?q={self.certificate.serial}0", 24), (f"{SEARCH}?q=berlin", 24), (of_key, 9)):
            with CaptureQueriesContext(connection) as queries:
                self.client.get(path)
            self.assertLessEqual(len(queries), most, path)

    @pytest.mark.once
    def test_each_role_sees_its_own_menu(self) -> None:
        """Django's list of records is made once for all with the same rights."""
        self.sign_in("ada")
        self.assertTrue(parsed(self.client.get("/admin/")).select("a.addlink"))
        self.sign_in("sam")
        self.assertFalse(parsed(self.client.get("/admin/")).select("a.addlink"))

    @pytest.mark.once
    def test_only_support_staff_search_and_only_by_get(self) -> None:
        for who in CAST:
            self.sign_in(who)
            expected = 200 if who in STAFF else 403
            self.assertEqual(self.client.get(SEARCH).status_code, expected, who)
            self.assertEqual(self.client.post(SEARCH).status_code, 405 if who in STAFF else 403, who)
        self.assertEqual(self.client_class().get(SEARCH).status_code, 302)

    @pytest.mark.once
    def test_the_first_page_has_the_field(self) -> None:
        field = parsed(self.client.get("/admin/")).select_one("#searchbar")
        self.assertEqual((field["name"], field.find_parent("form")["action"]), ("q", SEARCH))
