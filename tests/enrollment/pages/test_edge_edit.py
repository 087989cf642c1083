"""Editing an edge, and enabling and disabling it by one press."""

from __future__ import annotations

from enrollment.models import ServiceEdge
from enrollment.operations import delete_edge, edit_edge
from tests.enrollment.pages.base import EdgePagesTestCase
from tests.factories import ACTOR
from tests.support.html import parsed, texts, the

LIST = "/service-edges/"


class EditTests(EdgePagesTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.sign_in("sue")
        self.fields = {"name": self.edge.name, "description": "", "enabled": "on", "version": "1"}

    def save(self, **fields: str) -> object:
        return self.client.post(f"{self.page}edit/", {**self.fields, **fields})

    def test_f23_what_is_saved_is_shown_and_in_its_timeline(self) -> None:
        self.sign_in("ada")
        response = self.client.post(
            f"{self.page}edit/", {**self.fields, "name": "Frankfurt", "description": "In the cellar"}
        )
        self.assertRedirects(response, self.page, fetch_redirect_response=False)
        page = self.get(self.page)
        self.assertContains(page, "In the cellar")
        self.assertIn("Name: Edge-1 → Frankfurt", texts(page, "#timeline tbody th")[0])

    def test_a_bad_name_is_refused_at_its_field(self) -> None:
        for name in ("", "a/b", "x" * 301):
            page = self.save(name=name)
            self.assertEqual(len(parsed(page).select("#id_name[aria-invalid=true]")), 1, name)
        self.assertEqual(ServiceEdge.objects.get().name, "Edge-1")

    def test_f24_a_stale_form_is_409_and_the_next_save_is_meant(self) -> None:
        other = ServiceEdge.objects.get()
        other.description = "Theirs"
        edit_edge(other, fields=["description"], actor=ACTOR)
        page = self.save(description="Mine")
        self.assertEqual(page.status_code, 409)
        self.assertEqual(texts(page, ".compare tbody tr"), ["Description Theirs Mine"])
        self.assertEqual(the(page, "#id_version")["value"], "2")
        self.assertEqual(self.save(description="Mine", version="2").status_code, 302)
        self.assertEqual(ServiceEdge.objects.get().description, "Mine")

    def test_one_press_disables_and_the_page_then_offers_to_enable(self) -> None:
        self.assertEqual(texts(self.get(self.page), "#stop button"), ["Disable"])
        self.assertEqual(self.client.post(f"{self.page}disable/").status_code, 302)
        page = self.get(self.page)
        self.assertEqual((texts(page, "h1 + .state"), texts(page, "#stop button")), (["Disabled"], ["Enable"]))
        self.client.post(f"{self.page}enable/")
        self.assertTrue(ServiceEdge.objects.get().enabled)

    def test_a_deleted_edge_has_no_controls_and_no_form(self) -> None:
        delete_edge(self.edge, actor=ACTOR)
        self.assertEqual(parsed(self.get(self.page)).select("main form, main .actions-line a, #stop"), [])
        for part in ("edit/", "delete/"):
            self.assertEqual(self.get(f"{self.page}{part}").status_code, 404)
        self.assertEqual(self.client.post(f"{self.page}enable/").status_code, 404)

    def test_viewers_see_no_control(self) -> None:
        self.sign_in("vic")
        self.assertEqual(parsed(self.get(self.page)).select("main form, main .actions-line a, #stop"), [])
