"""Deleting an edge: consequences first, then its name, and the use is not given back."""

from __future__ import annotations

from enrollment.models import IssuedCertificate, ServiceEdge
from enrollment.operations import revoke_edge
from tests.enrollment.pages.base import EdgePagesTestCase
from tests.factories import ACTOR
from tests.support.html import parsed, texts

LIST = "/service-edges/"


class DeleteTests(EdgePagesTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.sign_in("sue")

    def test_f22_it_names_the_consequences_and_wants_the_name(self) -> None:
        page = self.get(f"{self.page}delete/")
        told = " ".join(texts(page, ".consequences li"))
        for words in (
            "loses its identity",
            "1 certificate is revoked",
            "wipe its directory and use a new key",
            "undone",
        ):
            self.assertIn(words, told)
        instead = parsed(page).select(f'form[action="{self.page}disable/"] button')
        self.assertEqual([button.get_text() for button in instead], ["Disable it instead"])
        wrong = self.client.post(f"{self.page}delete/", {"confirm_name": "Edge-2"})
        self.assertEqual((wrong.status_code, len(parsed(wrong).select(".errorlist"))), (200, 1))
        self.assertIsNone(ServiceEdge.objects.get().deleted_at)

    def test_a11_it_leads_back_to_the_filtered_list_and_no_use_is_given_back(self) -> None:
        origin = f"{LIST}?connection=never"
        response = self.client.post(f"{self.page}delete/", {"confirm_name": "Edge-1", "next": origin})
        self.assertRedirects(response, origin, fetch_redirect_response=False)
        self.assertNotContains(self.get(LIST), f'id="n-{self.edge.pk}"')
        self.assertEqual(IssuedCertificate.objects.get().revocation_reason, "cessationOfOperation")
        self.assertEqual(self.uses(self.key), 1)
        events = f"/audit-log/?q={self.edge.name}"
        found = self.get(LIST, q=self.edge.name)
        self.assertEqual(
            [link["href"] for link in parsed(found).select("#rows .empty p > a[href^='/audit-log/']")], [events]
        )
        self.sign_in("vic")
        self.assertNotContains(self.get(LIST, q=self.edge.name), events)

    def test_of_a_revoked_edge_no_other_certificate_is_named(self) -> None:
        revoke_edge(self.edge, reason="keyCompromise", actor=ACTOR)
        page = self.client.post(f"{self.page}delete/", {"confirm_name": "Edge-1"}, follow=True)
        self.assertContains(page, "Deleted edge “")
        self.assertNotContains(page, "certificates.")
