"""F23: saving, deleting and cancelling lead back to the list as it was, and nowhere else."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from tests.keys.pages.base import LIST, KeyPageTestCase
from tests.support.html import links, texts, the

pytestmark = pytest.mark.once

STATE = "q=Ore&group=London&sort=-uses&per_page=50&page=3&expand=all"
FORM = {"name": "Oregon", "max_uses": "9", "viewable": "on", "enabled": "on", "version": "1"}
HERE = f"https://testserver{LIST}"


class Returning(KeyPageTestCase):
    def get(self, path, referer=""):
        return self.client.get(path, headers={"Referer": referer} if referer else {})

    def cancel(self, response):
        return the(response, ".form a.button.quiet")["href"]

    def crumb(self, response):
        crumbs = dict(zip(texts(response, ".breadcrumb a"), links(response, ".breadcrumb a"), strict=True))
        return crumbs["Service Edge Keys"]

    def links(self, response):
        """The links to pages of this key."""
        return links(response, f'a[href^="{self.address}"]')

    def test_f23_the_pages_behind_the_list_lead_back_to_it(self):
        for path in (f"{self.address}edit/", f"{self.address}delete/", f"{LIST}add/"):
            page = self.get(path, f"{HERE}?{STATE}")
            self.assertEqual((self.cancel(page), self.crumb(page)), (f"{LIST}?{STATE}",) * 2)
            self.assertEqual(the(page, "input[type=hidden][name=back]")["value"], STATE)

    def test_f23_the_form_carries_the_list_through_an_error_and_to_the_end(self):
        for path, wrong, right, said in (
            ("edit/", {**FORM, "name": ""}, FORM, "Limit of “Oregon” raised to 9 · Copy key"),
            ("delete/", {"confirm_name": "x"}, {"confirm_name": "Oregon"}, "Deleted key “Oregon”."),
        ):
            refused = self.client.post(self.address + path, {**wrong, "back": STATE})
            self.assertEqual((refused.status_code, self.cancel(refused)), (200, f"{LIST}?{STATE}"))
            saved = self.client.post(self.address + path, {**right, "back": STATE})
            self.assertRedirects(saved, f"{LIST}?{STATE}", fetch_redirect_response=False)
            self.assertEqual(the(self.client.get(saved["Location"]), ".message").get_text().strip(), said)

    def test_f23_the_dialog_on_the_list_needs_no_more_than_the_list(self):
        headers = {"Referer": f"{HERE}?{STATE}"}
        response = self.client.post(f"{self.address}delete/", {"confirm_name": "Oregon"}, headers=headers)
        self.assertRedirects(response, f"{LIST}?{STATE}", fetch_redirect_response=False)

    def test_f23_the_key_page_hands_the_list_on(self):
        carried = f"?back={quote(STATE, safe='')}"
        page = self.get(self.address, f"{HERE}?{STATE}")
        self.assertEqual(self.crumb(page), f"{LIST}?{STATE}")
        for verb in ("edit/", "delete/"):
            self.assertIn(self.address + verb + carried, self.links(page))
            behind = self.get(self.address + verb + carried, f"https://testserver{self.address}")
            self.assertEqual(self.cancel(behind), f"{LIST}?{STATE}")
            self.assertIn(self.address + carried, self.links(behind))

    def test_the_rows_of_a_list_link_plainly_whatever_its_state(self):
        page = self.client.get(f"{LIST}?q=Ore&sort=-uses")
        self.assertEqual(
            set(self.links(page)),
            {
                self.address,
                *(self.address + part for part in ("edit/", "edit/#id_max_uses", "delete/", "#edges", "#deploy-title")),
            },
        )

    def test_without_a_list_behind_it_is_the_list_as_it_opens(self):
        for referer in (
            "", f"{HERE}", f"{HERE}add/?q=Ore", f"https://testserver/?{STATE}", f"https://evil.example{LIST}?{STATE}",
            f"//testserver{LIST}?{STATE}", "https://[", "\0", f"{HERE}?{'q=a&' * 2000}",
        ):  # fmt: skip
            with self.subTest(referer=referer[:60]):
                page = self.get(f"{self.address}edit/", referer)
                expected = f"{LIST}?{STATE}" if referer.startswith("//testserver") else LIST
                self.assertEqual(self.cancel(page), expected)
                self.assertNotContains(page, 'name="back"') if expected == LIST else None

    def test_whatever_back_says_leads_to_the_list(self):
        unchanged = {**FORM, "max_uses": "5"}
        for back, query in (
            ("https://evil.example/", ""), ("//evil.example", ""), ("/admin/", ""), ("javascript:alert(1)", ""),
            ("?q=Ore", ""), ("q=Ore&next=//evil.example", "?q=Ore"), ("q=a%0d%0aSet-Cookie: x=y", None),
            ("q=%00", None), ("q=\0", None), ("q=<script>", None), ("q=%ED%A0%80", None), ("sort=nothing&page=-1", ""),
            ("&" * 3999, ""), ("q=a&" * 30, "?q=a"), ("q=" + "a" * 5000, ""),
            ("expand=1&expand=2", "?expand=1&expand=2"),
        ):  # fmt: skip
            with self.subTest(back=back[:60]):
                response = self.client.post(f"{self.address}edit/", {**unchanged, "back": back})
                location = response["Location"]
                self.assertEqual(response.status_code, 302)
                if query is not None:
                    self.assertEqual(location, LIST + query)
                self.assertRegex(location, rf"\A{LIST}(\?[\w%&=.+-]+)?\Z")
                self.assertEqual(self.client.get(location).status_code, 200)
