"""Many edges at once: all or none, and one revocation list of each issuer for all of them."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

from enrollment import operations, verifying
from enrollment.models import IssuedCertificate, RevocationList, ServiceEdge
from enrollment.operations import revocation_lists
from keys.errors import Gone
from keys.models import ProvisioningKey
from portal.models import AuditEvent
from tests.enrollment.base import EnrollmentTestCase, make_issuer
from tests.enrollment.operations.test_revoking import foreign_keyring
from tests.enrollment.revocation import fetch, serials
from tests.factories import ACTOR, EDGE, make_csr, make_key
from tests.support.html import parsed, texts

LIST, BULK = "/service-edges/", "/lists/edges/bulk/"


class EdgeBulkTests(EnrollmentTestCase):
    key: ProvisioningKey
    other: ProvisioningKey

    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        cls.other, text = make_key("Other", signing_certificate=make_issuer())
        for each in (cls.text, cls.text, cls.text, text):
            operations.enroll(each, make_csr(), caller=EDGE)
        # One stays as it is: Edge-1.
        cls.edges = list(ServiceEdge.objects.order_by("pk"))[1:]

    def setUp(self) -> None:
        super().setUp()
        self.sign_in("olga")

    def ask(self, do: str, edges: list[ServiceEdge]) -> Any:
        return self.client.get(BULK, {"do": do, "row": [edge.pk for edge in edges], "where": "sort=name"})

    def confirm(self, page: Any, **fields: Any) -> Any:
        (form,) = parsed(page).select("main form[method=post]")
        hidden = {each["name"]: each["value"] for each in form.select("input[type=hidden]")}
        return self.client.post(BULK, {**hidden, **fields})

    def said(self) -> list[str]:
        return texts(self.client.get(LIST), ".message > span")

    def assert_listed_at_once(self, edges: list[ServiceEdge], signed: Any) -> None:
        """Every certificate of these edges is on its issuer's list, which was signed once, and nothing else is."""
        self.assertEqual(signed.call_count, 2, "one list for each of the two issuers")
        for key in (self.key, self.other):
            issued = IssuedCertificate.objects.filter(issuer=key.signing_certificate_id, edge__in=edges)
            self.assertEqual(RevocationList.objects.filter(issuer=key.signing_certificate_id).count(), 1)
            self.assertEqual(serials(fetch(key.signing_certificate)), {*issued.values_list("serial", flat=True)})
        self.assertEqual([*verifying.verify(self.edges[0].enrolled_at, verifying.Tally())], [])

    def signing(self) -> Any:
        sign = revocation_lists.revocation_list.sign
        return patch.object(revocation_lists.revocation_list, "sign", side_effect=sign)

    def test_f30_edges_are_disabled_and_enabled_at_once(self) -> None:
        for word, verb, enabled in (("disable", "Disabled", False), ("enable", "Enabled", True)):
            answer = self.confirm(self.ask(word, self.edges[:2]))
            self.assertRedirects(answer, f"{LIST}?sort=name", fetch_redirect_response=False)
            self.assertIn(f"{verb} 2 edges: “ Edge-2 ”, “ Edge-3 ”.", self.said())
            stored = list(ServiceEdge.objects.order_by("pk").values_list("enabled", flat=True))
            self.assertEqual(stored, [True, enabled, enabled, True])
        self.assertEqual(AuditEvent.objects.filter(action="edge.edited").count(), 4)

    def test_f30_deleted_edges_are_on_the_list_of_each_issuer_which_is_made_once(self) -> None:
        page = self.ask("delete", self.edges)
        self.assertIn("3 certificates are revoked and refused", texts(page, ".consequences li")[0])
        self.assertContains(self.confirm(page, typed="delete"), "delete 3 edges")
        self.assertFalse(ServiceEdge.objects.exclude(deleted_at=None).exists())
        with self.signing() as signed:
            self.confirm(page, typed="delete 3 edges")
        self.assertEqual([edge.name for edge in ServiceEdge.objects.live()], ["Edge-1"])
        self.assertEqual(AuditEvent.objects.filter(action="edge.deleted").count(), 3)
        self.assert_listed_at_once(self.edges, signed)
        (message,) = parsed(self.client.get(LIST)).select(".message > span")
        self.assertEqual([a["href"] for a in message.select("a")], [edge.get_absolute_url() for edge in self.edges])

    def test_f30_revoked_edges_are_on_the_lists_with_the_reason_that_was_chosen(self) -> None:
        page = self.ask("revoke", self.edges)
        self.assertEqual(texts(page, "main form[method=post] label"), ["Reason", "Type revoke 3 edges to confirm"])
        self.assertContains(self.confirm(page, typed="revoke 3 edges", value="boredom"), "Choose a reason")
        with self.signing() as signed:
            self.confirm(page, typed="revoke 3 edges", value="keyCompromise")
        self.assert_listed_at_once(self.edges, signed)
        revoked = IssuedCertificate.objects.revoked().values_list("edge", "revocation_reason").order_by("edge")
        self.assertEqual([*revoked], [(edge.pk, "keyCompromise") for edge in self.edges])
        self.assertEqual(AuditEvent.objects.filter(action="edge.revoked").count(), 3)
        first = texts(self.ask("revoke", self.edges), ".consequences li")[0]
        self.assertEqual(first, "Their certificates are revoked already.")
        first = texts(self.ask("revoke", self.edges[:1]), ".consequences li")[0]
        self.assertEqual(first, "Its certificates are revoked already.")
        self.said()
        # Edges that need no change are counted and named separately, before and after.
        page = self.ask("revoke", [ServiceEdge.objects.get(name="Edge-1"), *self.edges])
        self.assertEqual(
            texts(page, ".bulk-rows li"),
            ["Edge-1", "Edge-2 already revoked", "Edge-3 already revoked", "Other-1 already revoked"],
        )
        self.confirm(page, typed="revoke 4 edges", value="superseded")
        self.assertEqual(
            self.said(),
            ["Revoked 1 edge: “ Edge-1 ”.", "3 edges were already revoked: “ Edge-2 ”, “ Edge-3 ”, “ Other-1 ”."],
        )
        self.assertEqual(AuditEvent.objects.filter(action="edge.revoked").count(), 4)

    def test_f30_one_refusal_revokes_nothing_and_makes_no_list(self) -> None:
        page = self.ask("delete", self.edges)

        def refuse_the_last(edge: ServiceEdge, **options: Any) -> Any:
            if edge == self.edges[-1]:
                raise Gone("Gone in the meantime.")
            return operations.delete_unpublished(edge, **options)

        with patch("enrollment.pages.edge_bulk.delete_unpublished", refuse_the_last), self.signing() as signed:
            answer = self.confirm(page, typed="delete 3 edges")
        self.assertContains(answer, "Nothing was changed, because of 1 edge", status_code=409)
        self.assertEqual(ServiceEdge.objects.live().count(), 4)
        self.assertFalse(IssuedCertificate.objects.revoked().exists())
        self.assertFalse(signed.called)

    def test_an_edge_that_was_deleted_since_is_noticed(self) -> None:
        page = self.ask("disable", self.edges)
        operations.delete_edge(self.edges[0], actor=ACTOR)
        self.assertContains(self.confirm(page), "are no longer the same", status_code=409)
        self.assertEqual(ServiceEdge.objects.filter(enabled=True).count(), 3)

    def test_a_list_that_cannot_be_made_now_is_named_and_the_edges_are_deleted(self) -> None:
        page = self.ask("delete", self.edges[2:])
        with foreign_keyring(), self.assertLogs("enrollment.operations.revocation_lists", "ERROR"):
            self.confirm(page, typed="delete 1 edge")
        self.assertIn("The revocation list of Own can't be made now. It follows as soon as it can.", self.said())
        self.assertEqual(ServiceEdge.objects.live().count(), 3)

    def test_f30_the_selected_edges_are_exported(self) -> None:
        content = b"".join(self.ask("export", self.edges[1:2]).streaming_content)
        self.assertEqual([line.split(b",")[0] for line in content.splitlines()[1:]], [b"Edge-3"])
