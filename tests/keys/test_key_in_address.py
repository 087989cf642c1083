"""A whole key text pasted into a search does not stay in an address, a page, a message or a log."""

from __future__ import annotations

from urllib.parse import urlencode

from portal.models import AuditEvent
from tests import factories
from tests.base import PortalTestCase
from tests.keys.pages.base import names
from tests.support.html import links

KEYS = "/admin/keys/provisioningkey/"


class AstrayKeyTest(PortalTestCase):
    def setUp(self) -> None:
        self.key, self.text = factories.make_key("berlin")
        self.secret = self.text.rpartition("|")[2][26:60]
        self.sign_in("sam")

    def test_every_page_leads_to_itself_without_the_text_and_says_the_public_id(self) -> None:
        for path in (KEYS, "/admin/portal/auditevent/", "/admin/enrollment/serviceedge/", "/service-edge-keys/"):
            for method in (self.client.head, self.client.get):
                answer = method(path, {"q": self.text})
                self.assertRedirects(answer, path, fetch_redirect_response=False)
            page = self.client.get(path)
            self.assertContains(page, "That was the text of a key.")
            self.assertContains(page, self.key.public_id)
            self.assertNotContains(page, self.secret)

    def test_the_way_it_offers_finds_the_key(self) -> None:
        self.client.get(KEYS, {"q": self.text})
        self.assertContains(self.client.get(KEYS), f'<a href="?q={self.key.public_id}">')
        self.assertContains(self.client.get(KEYS, {"q": self.key.public_id}), "berlin")

    def test_the_way_that_a_list_of_the_portal_offers_finds_the_key_too(self) -> None:
        self.sign_in("sue")
        for path in ("/service-edge-keys/", "/service-edges/", "/enrollment-certificates/"):
            self.client.get(path, {"q": self.text})
            (way,) = links(self.client.get(path), ".message a")
            self.assertEqual(names(self.client.get(way)), ["berlin"], path)

    def test_other_values_stay(self) -> None:
        answer = self.client.get(KEYS, {"enabled__exact": "1", "q": self.text, "o": "1"})
        self.assertRedirects(answer, f"{KEYS}?enabled__exact=1&o=1", fetch_redirect_response=False)

    def test_a_text_wrapped_cut_off_or_in_another_field_is_led_away_too(self) -> None:
        blob = self.text.rpartition("|")[2]
        wrapped = f"{self.text[:60]}\r\n {self.text[60:]}"
        for name, value in {
            "q": blob,
            "p": self.text,
            "term": wrapped,
            "x": blob[:26],
            blob: "",
            "o": blob[:-10],
        }.items():
            answer = self.client.get(f"{KEYS}?{urlencode({name: value})}")
            self.assertRedirects(answer, KEYS, fetch_redirect_response=False)

    def test_what_pages_show_of_a_key_is_searched_for(self) -> None:
        answer = self.client.get(KEYS, {"q": f"{self.key.token_head}…{self.key.token_tail}"})
        self.assertContains(answer, "berlin")

    def test_a_stranger_is_led_away_without_a_message(self) -> None:
        self.client.logout()
        answer = self.client.get("/accounts/login/", {"next": f"/service-edge-keys/?q={self.text}"})
        self.assertRedirects(answer, "/accounts/login/", fetch_redirect_response=False)
        self.assertNotIn("session", str(answer.cookies).lower())

    def test_no_path_leads_to_another_site(self) -> None:
        for path in ("//evil.example/", "///evil.example/", "//[evil.example/"):
            # As gunicorn hands it over; the client's own parser would make something else of it.
            answer = self.client.get("/", {"q": self.text}, PATH_INFO=path)
            self.assertEqual(answer.status_code, 302)
            self.assertTrue(answer["Location"].startswith("/%2F"), answer["Location"])

    def test_nothing_is_logged_or_audited(self) -> None:
        before = AuditEvent.objects.count()
        with self.assertNoLogs(level="INFO"):
            self.client.get(KEYS, {"q": self.text})
        self.assertEqual(AuditEvent.objects.count(), before)
