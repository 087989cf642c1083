"""*Raise limit* on a key's page and in the list."""

from __future__ import annotations

import json

from keys.models import ProvisioningKey
from portal.models import AuditEvent
from tests.keys.pages.base import LIST, KeyPageTestCase, managed_key, row, use_up
from tests.support.html import parsed, texts, the

JSON = {"Accept": "application/json"}


class RaiseLimit(KeyPageTestCase):
    def setUp(self):
        super().setUp()
        self.limit = f"{self.address}limit/"

    def stored(self):
        return ProvisioningKey.objects.get(pk=self.key.pk).max_uses

    def test_a_higher_limit_is_stored_recorded_and_said(self):
        use_up(self.key)
        page = self.client.get(self.address)
        form = the(page, ".raise-limit[open] form")
        self.assertEqual((form["action"], form.find(id="id_max_uses")["value"]), (self.limit, "6"))
        saved = self.client.post(self.limit, {"max_uses": "1200"}, follow=True)
        self.assertEqual(saved.redirect_chain, [(self.address, 302)])
        self.assertEqual(texts(saved, ".messages p"), ["Limit of “ Oregon ” raised to 1,200 · Copy key"])
        self.assertContains(saved, "5 of 1,200")
        self.assertEqual(parsed(saved).select(".raise-limit[open]"), [])
        event = AuditEvent.objects.latest("id")
        self.assertEqual((event.action, event.detail), ("key.limit_raised", {"max_uses": ["5", "1200"]}))

    def test_it_needs_no_version_and_makes_an_open_form_stale(self):
        self.client.post(self.limit, {"max_uses": "6"})
        form = {"name": "Oregon", "max_uses": 5, "viewable": "on", "enabled": "on", "version": 1}
        self.assertEqual(self.client.post(f"{self.address}edit/", form).status_code, 409)
        self.assertEqual(self.stored(), 6)

    def test_other_numbers_are_refused_on_the_page_with_what_was_typed(self):
        for typed, words in (
            ("5", "The limit is 5 already. Enter a higher number."),
            ("4", "The limit is 5 already. Enter a higher number."),
            ("", "Enter a whole number from 1 to 2,147,483,647."),
            ("2147483648", "Enter a whole number from 1 to 2,147,483,647."),
            ("6.5", "Enter a whole number from 1 to 2,147,483,647."),
            ("seven", "Enter a whole number from 1 to 2,147,483,647."),
        ):
            with self.subTest(typed):
                page = self.client.post(self.limit, {"max_uses": typed})
                self.assertEqual(page.status_code, 200)
                self.assertEqual(texts(page, ".raise-limit[open] .errorlist li"), [words])
                self.assertIn(words, texts(page, "#error-summary")[0])
                field = the(page, "#id_max_uses")
                self.assertEqual((field["aria-invalid"], field.get("value", "")), ("true", typed))
        self.assertEqual(self.stored(), 5)

    def test_the_way_back_to_the_list_comes_along(self):
        saved = self.client.post(self.limit, {"max_uses": "6", "back": "q=Ore"})
        self.assertEqual(saved.url, f"{self.address}?back=q%3DOre")

    def test_only_those_who_may_edit_a_key_raise_its_limit(self):
        self.assertEqual(self.client.get(self.limit).status_code, 405)
        managed = managed_key()
        self.assertEqual(self.client.post(f"{LIST}{managed.pk}/limit/", {"max_uses": "99"}).status_code, 403)
        self.assertEqual(self.client.post(f"{LIST}999999/limit/", {"max_uses": "99"}).status_code, 404)
        self.assertNotContains(self.client.get(f"{LIST}{managed.pk}/"), "Raise limit")
        self.sign_in("vic")
        self.assertNotContains(self.client.get(self.address), "Raise limit")
        self.assertEqual(self.client.post(self.limit, {"max_uses": "6"}).status_code, 403)
        self.assertEqual(self.stored(), 5)


class InTheList(KeyPageTestCase):
    """For a script, which shows the answer in the row."""

    def post(self, key: ProvisioningKey, max_uses: object, **headers: str):
        return self.client.post(f"{LIST}{key.pk}/limit/", {"max_uses": max_uses}, headers=headers or JSON)

    def limit(self, key: ProvisioningKey) -> int:
        return ProvisioningKey.objects.get(pk=key.pk).max_uses

    def test_a_script_gets_the_sentence_to_announce(self) -> None:
        use_up(self.key)
        answer = self.post(self.key, 1200)
        self.assertEqual(answer.json(), {"message": "Limit of “Oregon” raised to 1,200."})
        self.assertEqual(self.limit(self.key), 1200)
        event = AuditEvent.objects.latest("id")
        self.assertEqual((event.action, event.actor_name), ("key.limit_raised", "olga"))
        self.assertEqual(event.detail, {"max_uses": ["5", "1200"]})

    def test_what_is_not_higher_is_refused_with_the_reason(self) -> None:
        cases = {
            "5": "The limit is 5 already. Enter a higher number.",
            "1": "The limit is 5 already. Enter a higher number.",
            "0": "Enter a whole number from 1 to 2,147,483,647.",
            "": "Enter a whole number from 1 to 2,147,483,647.",
            "six": "Enter a whole number from 1 to 2,147,483,647.",
            "-6": "Enter a whole number from 1 to 2,147,483,647.",
            "2147483648": "Enter a whole number from 1 to 2,147,483,647.",
            "9" * 30: "Enter a whole number from 1 to 2,147,483,647.",
        }
        for value, sentence in cases.items():
            with self.subTest(value=value):
                answer = self.post(self.key, value)
                self.assertEqual(answer.status_code, 422)
                self.assertEqual(json.loads(answer.content)["detail"], sentence)
        self.assertEqual(self.limit(self.key), 5)

    def test_a_number_is_read_as_on_the_page(self) -> None:
        for number, typed in enumerate(("{} ", "{}.0", "+{}", "{:05}"), start=6):
            for headers in (JSON, {"Accept": "text/html"}):
                with self.subTest(typed=typed, **headers):
                    ProvisioningKey.objects.filter(pk=self.key.pk).update(max_uses=5)
                    self.post(self.key, typed.format(number), **headers)
                    self.assertEqual(self.limit(self.key), number)
        arabic = self.post(self.key, "\N{ARABIC-INDIC DIGIT ONE}\N{ARABIC-INDIC DIGIT TWO}")
        self.assertEqual(arabic.json(), {"message": "Limit of “Oregon” raised to 12."})

    def test_every_refusal_to_a_script_is_a_problem_document(self) -> None:
        gone = f"{LIST}999999/limit/"
        own = f"{self.address}limit/"
        for who, method, address, expected in (
            ("olga", "post", gone, (404, "not_found")),
            ("olga", "get", own, (405, "method_not_allowed")),
            ("olga", "post", f"{LIST}{managed_key().pk}/limit/", (403, "managed_by_vendor")),
            ("vic", "post", own, (403, "forbidden")),
            ("", "post", own, (401, "sign_in_required")),
        ):
            with self.subTest(who=who, address=address):
                self.client.logout()
                if who:
                    self.sign_in(who)
                answer = getattr(self.client, method)(address, {"max_uses": "9"}, headers=JSON)
                self.assertEqual(answer["Content-Type"], "application/problem+json")
                self.assertEqual((answer.status_code, answer.json()["code"]), expected)
                self.assertEqual(answer.json()["request_id"], answer["X-Request-Id"])

    def test_the_row_offers_it_to_those_who_may_edit(self) -> None:
        use_up(self.key)
        found = row(self.client.get(LIST), self.key)
        self.assertIn('aria-label="Raise limit of Oregon, now 5"', found)
        self.assertIn('min="6" max="2147483647" value="6"', found)
        for reader, key in (("vic", self.key), ("olga", managed_key())):
            self.sign_in(reader)
            found = row(self.client.get(LIST), key)
            self.assertNotIn("Raise limit of", found)
            self.assertNotIn("Save limit", found)
