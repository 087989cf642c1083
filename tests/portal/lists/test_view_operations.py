"""Saved views. What every list has to do is in `test_listing`."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch
from urllib.parse import quote

from django.db import IntegrityError, transaction

from portal.lists import view_operations
from portal.models import AuditEvent, SavedView
from tests.base import PortalTestCase
from tests.factories import make_key
from tests.support.html import links, parsed, texts

LIST, VIEWS = "/service-edge-keys/", "/lists/keys/views/"


class ViewsTest(PortalTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        make_key("One", enabled=False)
        make_key("Two")

    def setUp(self) -> None:
        self.sign_in("vic")

    def save(self, name: str, where: str = "enabled=no", **fields: str) -> Any:
        return self.client.post(VIEWS, {"name": name, "where": where, **fields})

    def names(self, query: str = "") -> list[str]:
        return texts(self.client.get(LIST + query), "tr.row th a")

    def test_f31_a_view_is_in_the_menu_and_at_its_address_and_keeps_the_state(self) -> None:
        self.client.post("/lists/keys/columns/", {"column": "uses"})
        answer = self.save("My  daily view", "enabled=no&sort=-uses&per_page=50&page=2&expand=all")
        self.assertRedirects(answer, f"{LIST}?view=my-daily-view", fetch_redirect_response=False)
        self.assertEqual(SavedView.objects.get().query, "enabled=no&sort=-uses&per_page=50&cols=uses")
        page = self.client.get(LIST, {"view": "my-daily-view"})
        self.assertEqual(texts(page, "tr.row th a"), ["One"])
        self.assertEqual(texts(page, "#views li a[aria-current]"), ["My daily view"])
        self.assertEqual(texts(page, ".chip bdi"), ["Status: Disabled"])
        plain = self.client.get(LIST)
        self.assertEqual(links(plain, "#views li a"), ["?view=my-daily-view"])
        self.assertEqual(texts(plain, "#views h2"), ["Your views"])
        self.assertEqual(self.names("?view=my-daily-view&enabled=yes"), ["Two"])

    def test_f31_a_view_is_renamed_and_deleted(self) -> None:
        self.save("Daily")
        view = SavedView.objects.get()
        self.client.post(VIEWS, {"rename": view.pk, "name": "Weekly"})
        self.assertEqual(self.names("?view=weekly"), ["One"])
        self.assertEqual(self.client.get(LIST, {"view": "daily"}).status_code, 404)
        self.client.post(VIEWS, {"delete": view.pk})
        self.assertContains(self.client.get(VIEWS), "Deleted view")
        self.assertContains(self.client.get(LIST, {"view": "weekly"}), "All keys", status_code=404)
        events = AuditEvent.objects.filter(object_kind="view").order_by("pk")
        self.assertEqual([event.action for event in events], ["view.created", "view.edited", "view.deleted"])
        self.assertEqual(events[1].detail, {"name": ["Daily", "Weekly"]})

    def test_f31_only_administrators_share_and_shared_views_are_read_only_to_others(self) -> None:
        self.assertEqual(self.save("Ours", shared="on").status_code, 403)
        self.sign_in("ada")
        self.save("Ours", shared="on")
        view = SavedView.objects.get()
        self.sign_in("vic")
        self.assertEqual(self.names("?view=ours"), ["One"])
        page = self.client.get(VIEWS)
        self.assertContains(page, "Shared")
        self.assertEqual(parsed(page).select("button[name=rename], button[name=delete]"), [])
        for word in ("rename", "delete"):
            self.assertEqual(self.client.post(VIEWS, {word: view.pk, "name": "X"}).status_code, 403)

    def test_f31_a_private_view_is_invisible_to_others(self) -> None:
        self.save("Mine")
        view = SavedView.objects.get()
        self.sign_in("ada")
        self.assertEqual(self.client.get(LIST, {"view": "mine"}).status_code, 404)
        for page in (self.client.get(LIST), self.client.get(VIEWS)):
            self.assertNotContains(page, "Mine")
        for word in ("rename", "delete"):
            self.assertEqual(self.client.post(VIEWS, {word: view.pk, "name": "X"}).status_code, 404)
        # The name is free for everybody else, so that nobody learns of it.
        self.save("Mine", "enabled=yes")
        self.assertEqual(self.names("?view=mine"), ["Two"])

    def test_f31_a_view_belongs_to_its_list(self) -> None:
        self.save("Mine")
        view = SavedView.objects.get()
        self.client.get(LIST)  # with the message about it
        other, views = "/enrollment-certificates/", "/lists/certificates/views/"
        self.assertEqual(self.client.get(other, {"view": "mine"}).status_code, 404)
        self.assertTrue(parsed(self.client.get(other)).select("#views"))
        for page in (self.client.get(other), self.client.get(views)):
            self.assertNotContains(page, "Mine")
        for word in ("rename", "delete"):
            self.assertEqual(self.client.post(views, {word: view.pk, "name": "X"}).status_code, 404)
        self.client.post(views, {"name": "Mine"})
        kept = SavedView.objects.order_by("pk").values_list("listed", "slug")
        self.assertEqual(list(kept), [("keys", "mine"), ("certificates", "mine")])

    def test_a_bad_name_is_explained_and_what_was_to_be_saved_is_kept(self) -> None:
        self.save("Daily")
        for name, sentence in (
            ("daily", "A view “daily” exists already."),
            (" ", "Enter a name for the view."),
            ("...", "Enter a name with a letter or a digit."),
            ("x" * 61, "Use at most 60 characters"),
            ("a\0b", "can&#x27;t be stored"),
        ):
            page = self.save(name)
            self.assertContains(page, sentence)
            (kept,) = parsed(page).select("form input[name=where]")
            self.assertEqual(kept["value"], "enabled=no")
        view = SavedView.objects.get()
        page = self.client.post(VIEWS, {"rename": view.pk, "name": ""})
        self.assertContains(page, f'href="#name-{view.pk}"')

    def test_a_view_keeps_no_text_of_a_key(self) -> None:
        _, text = make_key("Three")
        blob = text[text.index("PSEK") :]
        for name, where in (("v", f"q={quote(text)}"), ("v", f"enabled=no&q={quote(blob[:40])}"), (blob[:50], "")):
            with self.subTest(name=name, where=where):
                self.assertContains(self.save(name, where), "a part of a key")
        self.assertFalse(SavedView.objects.exists())
        # The part that pages show is no secret.
        self.assertEqual(self.save("PSEK keys of the whole west coast", f"q={blob[:25]}").status_code, 302)

    def test_there_is_an_end_to_views(self) -> None:
        with patch.object(view_operations, "MOST", 1):
            self.save("One")
            self.assertContains(self.save("Two"), "There are 1 views of this kind.")

    def test_the_database_refuses_two_views_of_one_name(self) -> None:
        self.save("Daily")
        view = SavedView.objects.get()
        for owner in (view.owner, None):
            view.owner = owner
            SavedView.objects.get_or_create(listed="keys", owner=owner, slug="daily")
            with self.assertRaises(IntegrityError), transaction.atomic():
                SavedView.objects.create(listed="keys", owner=owner, slug="daily")

    def test_an_odd_address_finds_no_view(self) -> None:
        for slug in ("nothing", "\0", "x" * 3000, "é"):
            self.assertEqual(self.client.get(LIST, {"view": slug}).status_code, 404, slug)
        self.assertEqual(len(self.names("?view=")), 2)

    def test_a_download_of_a_view_is_what_it_shows(self) -> None:
        self.save("Daily")
        content = b"".join(self.client.get(LIST, {"view": "daily", "format": "csv"}).streaming_content)
        self.assertEqual(len(content.splitlines()), 2)
