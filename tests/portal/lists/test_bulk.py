"""Many rows at once. What every list has to do is in `test_listing`."""

from __future__ import annotations

import re
from typing import Any
from unittest.mock import patch

from django.db.models import QuerySet

from keys.models import ProvisioningKey
from keys.pages.key_bulk import KEY_ACTIONS
from portal.lists import bulk
from portal.models import AuditEvent
from tests.base import PortalTestCase
from tests.factories import make_key
from tests.keys.pages.base import managed_key, use_up
from tests.support.html import parsed, texts

LIST, BULK = "/service-edge-keys/", "/lists/keys/bulk/"


class BulkTest(PortalTestCase):
    first: ProvisioningKey
    second: ProvisioningKey

    @classmethod
    def setUpTestData(cls) -> None:
        # The page that asks has them in the order of their names.
        cls.second, _ = make_key("tokyo 2", max_uses=10)
        cls.first, _ = make_key("tokyo 1", max_uses=5)
        cls.managed = managed_key("tokyo vendor")
        make_key("berlin")

    def setUp(self) -> None:
        self.sign_in("olga")

    def ask(self, do: str, *keys: ProvisioningKey, **fields: Any) -> Any:
        return self.client.get(BULK, {"do": do, "row": [key.pk for key in keys], **fields})

    def confirm(self, page: Any, **fields: Any) -> Any:
        form = parsed(page).select("main form[method=post]")[0]
        hidden = {each["name"]: each["value"] for each in form.select("input[type=hidden]")}
        return self.client.post(BULK, {**hidden, **fields})

    def enabled(self) -> list[str]:
        return sorted(ProvisioningKey.objects.filter(enabled=True).values_list("name", flat=True))

    def test_f30_rows_are_selected_and_managed_ones_are_not_selectable(self) -> None:
        page = parsed(self.client.get(LIST, {"q": "tokyo"}))
        boxes = {box["aria-label"]: box.has_attr("disabled") for box in page.select("input[name=row]")}
        self.assertEqual(boxes, {"Select tokyo 1": False, "Select tokyo 2": False, "Select tokyo vendor": True})
        buttons = [button.get_text() for button in page.select("#bulk-form button")]
        self.assertEqual(buttons, ["Raise limit", "Enable", "Disable", "Delete", "Export CSV"])

    def test_f30_all_that_match_are_changed_at_once_and_managed_ones_stay(self) -> None:
        with patch("portal.lists.state.PER_PAGE", (1, 100)):
            self.assertEqual(
                texts(self.client.get(LIST, {"q": "tokyo"}), "#bulk-form label"), ["Select all 3 matching"]
            )
        page = self.ask("disable", all="on", where="q=tokyo")
        self.assertEqual(texts(page, "h1"), ["Disable 2 keys?"])
        self.assertEqual(texts(page, ".bulk-rows li"), ["tokyo 1", "tokyo 2"])
        self.assertContains(page, "managed by Zscaler, left as before")
        answer = self.confirm(page)
        self.assertRedirects(answer, f"{LIST}?q=tokyo", fetch_redirect_response=False)
        self.assertEqual(self.enabled(), ["berlin", "tokyo vendor"])
        self.assertEqual(AuditEvent.objects.filter(action="key.edited").count(), 2)
        said = texts(self.client.get(LIST), "[role=status]")[0]
        self.assertIn("Disabled 2 keys: “ tokyo 1 ”, “ tokyo 2 ”.", said)

    def test_the_sentences_and_the_message_are_about_one_or_about_several(self) -> None:
        for keys in ([self.first], [self.first, self.second]):
            for action in KEY_ACTIONS:
                page = " ".join(texts(self.ask(action.word, *keys), ".consequences li"))
                is_one = len(keys) == 1
                with self.subTest(action.word, keys=len(keys)):
                    self.assertNotRegex(page, r"[{|}]")
                    self.assertEqual(bool(re.search(r"\b(these|them|they|each key)\b", page, re.I)), not is_one, page)
        for keys, said in (
            ([self.first], ["Disabled 1 key: “ tokyo 1 ”."]),
            (
                [self.first, self.second],
                ["Disabled 1 key: “ tokyo 2 ”.", "1 key was already disabled: “ tokyo 1 ”."],
            ),
            ([self.first, self.second], ["2 keys were already disabled: “ tokyo 1 ”, “ tokyo 2 ”."]),
        ):
            self.confirm(self.ask("disable", *keys))
            self.assertEqual(texts(self.client.get(LIST), ".message > span"), said)

    def test_f30_deleting_needs_the_count_typed(self) -> None:
        page = self.ask("delete", self.first, self.second)
        for typed in ("", "delete 3 keys", "delete"):
            self.assertContains(self.confirm(page, typed=typed), "delete 2 keys")
        self.assertEqual(ProvisioningKey.objects.count(), 4)
        self.confirm(page, typed=" Delete  2 keys ")
        self.assertEqual(ProvisioningKey.objects.count(), 2)
        self.assertEqual(AuditEvent.objects.filter(action="key.deleted").count(), 2)

    def test_f30_one_refusal_changes_nothing_and_is_listed_with_its_reason(self) -> None:
        page = self.ask("raise-limit", self.first, self.second)
        self.assertEqual(texts(page, ".consequences li")[0], "The limits are 5 to 10 now.")
        answer = self.confirm(page, value="7")
        self.assertEqual(answer.status_code, 409)
        self.assertContains(answer, "Nothing was changed, because of 1 key", status_code=409)
        self.assertEqual(
            texts(answer, ".bulk-rows li"), ["tokyo 2 The limit is 10 already. Enter a higher number.", "tokyo 1"]
        )
        self.assertEqual(sorted(ProvisioningKey.objects.values_list("max_uses", flat=True))[-2:], [5, 10])
        self.assertFalse(AuditEvent.objects.filter(action="key.limit_raised").exists())
        (others,) = parsed(answer).select("main form[method=get] input[name=row]")
        self.assertEqual(others["value"], str(self.first.pk))
        page = self.ask("raise-limit", self.first)
        self.assertEqual(texts(page, ".consequences li")[0], "The limit is 5 now.")
        self.confirm(page, value="7")
        self.assertEqual(ProvisioningKey.objects.get(pk=self.first.pk).max_uses, 7)
        # The page asks for another limit, with the one that was refused.
        (limit,) = parsed(answer).select("main form[method=post] input[name=value]")
        self.assertEqual(limit["value"], "7")
        self.confirm(answer, value="11")
        self.assertEqual(sorted(ProvisioningKey.objects.values_list("max_uses", flat=True))[-2:], [11, 11])

    def test_f30_rows_that_changed_since_the_confirmation_are_noticed(self) -> None:
        page = self.ask("delete", all="on", where="q=tokyo&usage=unused")
        use_up(self.first, 1)
        answer = self.confirm(page, typed="delete 2 keys")
        self.assertContains(answer, "are no longer the same", status_code=409)
        self.assertEqual(texts(answer, "h1"), ["Delete 1 key?"])
        self.assertEqual(ProvisioningKey.objects.count(), 4)

    def test_a_row_that_is_gone_is_noticed(self) -> None:
        page = self.ask("disable", self.first, self.second)
        ProvisioningKey.objects.filter(pk=self.first.pk).delete()
        self.assertContains(self.confirm(page), "are no longer the same", status_code=409)
        # Also when the form has a mistake: the words to type name the rows that there are.
        page = self.ask("delete", self.second)
        self.assertEqual(texts(page, "h1"), ["Delete 1 key?"])
        page = self.confirm(page, typed="no", row=f"{self.first.pk},{self.second.pk}")
        self.assertContains(page, "are no longer the same", status_code=409)
        self.assertEqual(texts(page, "form label strong"), ["delete 1 key"])
        self.assertIn("tokyo 2", self.enabled())

    def test_a_managed_key_that_is_sent_by_hand_is_refused(self) -> None:
        answer = self.client.post(BULK, {"do": "disable", "row": f"{self.first.pk},{self.managed.pk}"})
        self.assertEqual(answer.status_code, 409)
        self.assertIn("tokyo 1", self.enabled())

    def test_there_is_a_most(self) -> None:
        with patch.object(bulk, "MOST", 1):
            answer = self.ask("disable", all="on")
            self.assertContains(answer, "At most 1 keys are changed at once.", status_code=422)
            self.assertContains(answer, "<h1>Too many keys at once</h1>", status_code=422)
            self.assertEqual(self.client.post(BULK, {"do": "disable", "row": "1,2,3"}).status_code, 422)

    def test_without_a_selection_the_page_leads_back(self) -> None:
        for answer in (self.ask("disable"), self.client.post(BULK, {"do": "disable"}), self.ask("enable", row="x")):
            self.assertContains(answer, "Select at least one in the list.")
        self.assertContains(self.ask("disable", self.managed), "managed by Zscaler. Nothing can be changed.")
        self.assertEqual(self.ask("nothing", self.first).status_code, 404)
        self.assertRedirects(self.ask("disable", where="group=x"), f"{LIST}?group=x", fetch_redirect_response=False)

    def test_f30_the_selected_rows_are_exported(self) -> None:
        for fields in ({"row": [self.second.pk]}, {"all": "on", "where": "q=tokyo+2"}):
            content = b"".join(self.client.get(BULK, {"do": "export", **fields}).streaming_content)
            self.assertEqual([line.split(b",")[0] for line in content.splitlines()[1:]], [b"tokyo 2"])

    def test_who_may_change_nothing_sees_no_boxes_and_is_refused(self) -> None:
        self.sign_in("vic")
        self.assertNotContains(self.client.get(LIST), 'name="row"')
        for answer in (self.ask("disable", self.first), self.client.post(BULK, {"do": "delete", "row": self.first.pk})):
            self.assertEqual(answer.status_code, 403)

    def test_the_rows_are_locked_before_they_are_compared(self) -> None:
        page = self.ask("disable", self.first)
        with patch.object(QuerySet, "select_for_update", autospec=True, side_effect=QuerySet.select_for_update) as lock:
            self.confirm(page)
        self.assertTrue(lock.called)
