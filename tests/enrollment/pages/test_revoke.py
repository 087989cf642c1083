"""The pages that revoke an edge or all edges of a key: their preview, their effect, and their permission."""

from __future__ import annotations

import io
from datetime import timedelta

import time_machine
from django.core.management import call_command
from django.db import transaction

from enrollment.errors import Refused
from enrollment.models import IssuedCertificate
from enrollment.operations import Report, record_contact, renew, revoke_certificate
from enrollment.pages import revoke_preview
from keys.operations import delete_key
from portal.models import AuditEvent
from tests.enrollment.operations.test_revoking import foreign_keyring
from tests.enrollment.revocation import RevocationTestCase, certificate_of, fetch, serials
from tests.factories import ACTOR, EDGE, make_csr, make_key
from tests.keys.pages.base import field_errors, managed_key
from tests.support.html import links, parsed, texts


class PageTestCase(RevocationTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.sign_in("olga")
        self.key_page = f"/service-edge-keys/{self.key.pk}/"
        self.of_key = f"{self.key_page}revoke/"
        self.of_edge = f"/service-edges/{self.edge.pk}/revoke/"

    def revoked(self) -> set[str]:
        return set(IssuedCertificate.objects.exclude(revoked_at=None).values_list("edge__name", flat=True))

    def post(self, path: str, name: str, reason: str = "keyCompromise", origin: str = "", **extra):  # type: ignore[no-untyped-def, override]
        return self.client.post(path, {"confirm_name": name, "reason": reason, "next": origin}, **extra)


class EdgePageTests(PageTestCase):
    def test_it_lists_what_would_be_revoked_and_revokes_nothing(self) -> None:
        page = self.client.get(self.of_edge)
        follows = texts(page, ".consequences li")
        self.assertTrue(follows[0].startswith("1 certificate of this edge will be refused"), follows)
        self.assertContains(page, f"<code>{certificate_of(self.first).serial}</code>")
        self.assertNotContains(page, certificate_of(self.second).serial)
        self.assertContains(page, "This cannot be undone.")
        self.assertEqual(self.revoked(), set())

    def test_the_typed_name_revokes_and_leads_back_to_the_page_it_was_opened_from(self) -> None:
        response = self.post(self.of_edge, "Edge-1", origin=self.key_page)
        self.assertRedirects(response, f"{self.key_page}#edges", fetch_redirect_response=False)
        page = self.client.get(self.key_page)
        self.assertEqual(texts(page, ".message")[0][:14], "Revoked edge “")
        self.assertEqual(texts(page, '#edges td[data-label="State"]').count("Revoked"), 1)
        self.assertContains(page, 'aria-label="Revoke edge Edge-2"')
        self.assertNotContains(page, 'aria-label="Revoke edge Edge-1"')
        self.assertEqual(self.revoked(), {"Edge-1"})
        self.assertEqual(certificate_of(self.first).revocation_reason, "keyCompromise")
        self.assertEqual(serials(fetch(self.issuer)), {certificate_of(self.first).serial})
        event = AuditEvent.objects.get(action="edge.revoked")
        self.assertEqual((event.actor_name, event.interface), ("olga", "portal"))

    def test_another_name_or_reason_revokes_nothing_and_says_so_at_the_field(self) -> None:
        for name, reason, field in (
            ("", "superseded", "confirm_name"),
            ("edge-1", "superseded", "confirm_name"),
            ("Edge-1\0", "superseded", "confirm_name"),
            ("x" * 400, "superseded", "confirm_name"),
            ("Edge-1", "", "reason"),
            ("Edge-1", "cACompromise", "reason"),
        ):
            response = self.post(self.of_edge, name, reason)
            self.assertEqual(response.status_code, 200)
            self.assertIn(field, field_errors(response))
            self.assertContains(response, "<title>Error: Revoke Edge-1")
        self.assertEqual(self.revoked(), set())

    def test_get_revokes_nothing(self) -> None:
        self.client.get(f"{self.of_edge}?confirm_name=Edge-1&reason=superseded")
        self.assertEqual(self.revoked(), set())

    def test_what_is_revoked_already_is_409(self) -> None:
        self.post(self.of_edge, "Edge-1")
        for response in (self.client.get(self.of_edge), self.post(self.of_edge, "Edge-1")):
            self.assertContains(response, "no certificate of Edge-1 left to revoke", status_code=409)
            self.assertContains(response, self.edge.get_absolute_url(), status_code=409)

    def test_the_edge_of_a_deleted_key_is_revoked_too(self) -> None:
        delete_key(self.key, actor=ACTOR)
        response = self.post(self.of_edge, "Edge-1")
        self.assertRedirects(response, self.edge.get_absolute_url(), fetch_redirect_response=False)
        self.assertEqual(texts(self.client.get(self.edge.get_absolute_url()), ".message a"), ["Edge-1"])
        self.assertEqual(self.revoked(), {"Edge-1"})

    def test_it_leads_back_to_where_it_was_opened_and_to_no_other_site(self) -> None:
        edge_page = self.edge.get_absolute_url()
        for came_from, back, cancel in (
            (edge_page, edge_page, edge_page),
            (
                "/service-edges/?q=edge&sort=name",
                "/service-edges/?q=edge&sort=name",
                "/service-edges/?q=edge&sort=name",
            ),
            (self.key_page, f"{self.key_page}#edges", self.key_page),
            ("https://elsewhere.example/service-edges/", edge_page, edge_page),
            ("/admin/", edge_page, edge_page),
            ("", edge_page, edge_page),
        ):
            with self.subTest(came_from):
                referer = came_from if "//" in came_from or not came_from else f"https://testserver{came_from}"
                page = self.client.get(self.of_edge, headers={"Referer": referer} if referer else {})
                self.assertEqual(links(page, ".form a.button.quiet"), [cancel])
                field = [each["value"] for each in parsed(page).select("input[name=next]")]
                self.assertEqual(field, [] if back == edge_page and came_from != edge_page else [cancel])
                wrong = self.post(self.of_edge, "wrong", origin="".join(field))
                self.assertEqual(links(wrong, ".form a.button.quiet"), [cancel])
                with transaction.atomic():
                    answer = self.post(self.of_edge, "Edge-1", origin="".join(field))
                    self.assertRedirects(answer, back, fetch_redirect_response=False)
                    transaction.set_rollback(True)

    def test_an_edge_that_does_not_exist_is_404(self) -> None:
        self.assertEqual(self.client.get("/service-edges/999999/revoke/").status_code, 404)

    def test_a_list_that_cannot_be_made_now_is_said(self) -> None:
        with foreign_keyring(), self.assertLogs("enrollment.operations.revocation_lists", "ERROR"):
            self.post(self.of_edge, "Edge-1")
        page = self.client.get(self.key_page)
        self.assertContains(page, "The revocation list of Service Edge can&#x27;t be made now.")


class CertificatePageTests(PageTestCase):
    """An edge with two live certificates: its first and, with a new key pair, its renewal."""

    def setUp(self) -> None:
        super().setUp()
        self.old = certificate_of(self.first)
        due = self.old.not_after - timedelta(days=5)
        renew(self.old, make_csr(), caller=EDGE, now=due)
        self.new = IssuedCertificate.objects.get(renews=self.old)
        self.edge_page = f"/service-edges/{self.old.edge_id}/"
        self.of_old = f"{self.edge_page}certificates/{self.old.pk}/revoke/"

    def test_it_says_what_follows_and_revokes_nothing(self) -> None:
        page = self.client.get(self.of_old)
        follows = texts(page, ".consequences li")
        self.assertTrue(follows[0].startswith(f"Certificate {self.old.serial} will be refused"), follows)
        self.assertIn("The edge keeps 1 other certificate and continues with it.", follows)
        self.assertNotContains(page, self.new.serial)
        self.assertContains(page, "This cannot be undone.")
        self.assertEqual(self.revoked(), set())

    def test_the_last_valid_one_is_said_to_be(self) -> None:
        with time_machine.travel(self.old.not_after + timedelta(minutes=1), tick=False):
            self.sign_in("olga")
            of_new = f"{self.edge_page}certificates/{self.new.pk}/revoke/"
            self.assertContains(self.client.get(of_new), "The edge has no other valid certificate")
        self.sign_in("olga")
        revoke_certificate(self.new, reason="superseded", actor=ACTOR)
        self.assertContains(self.client.get(self.of_old), "The edge has no other valid certificate")

    def test_it_alone_is_revoked_listed_and_recorded_and_the_edge_goes_on_with_the_other(self) -> None:
        response = self.post(self.of_old, "Edge-1", "superseded")
        self.assertRedirects(response, f"{self.edge_page}#certificates", fetch_redirect_response=False)
        self.assertEqual(serials(fetch(self.issuer)), {self.old.serial})
        self.new.refresh_from_db()
        self.assertIsNone(self.new.revoked_at)
        event = AuditEvent.objects.get(action="edge.revoked")
        self.assertEqual((event.object_id, event.actor_name), (str(self.first.edge_uuid), "olga"))
        self.assertEqual((event.detail["serials"], event.detail["certificates"]), ([self.old.serial], 1))
        page = self.client.get(self.edge_page)
        self.assertIn(f"Revoked certificate {self.old.serial} of edge “", texts(page, ".message")[0])
        self.assertContains(page, f'aria-label="Revoke certificate {self.new.serial}"')
        self.assertNotContains(page, f'aria-label="Revoke certificate {self.old.serial}"')
        record_contact(self.new, Report(), now=self.new.not_before + timedelta(days=1))
        with self.assertRaisesMessage(Refused, "certificate_revoked"):
            record_contact(certificate_of_serial(self.old.serial), Report())

    def test_the_command_revokes_it_alone_too(self) -> None:
        call_command("revoke", "--serial", self.old.serial, stdout=io.StringIO(), stderr=io.StringIO())
        self.assertEqual(serials(fetch(self.issuer)), {self.old.serial})

    def test_twice_is_409_one_event_and_keeps_the_first_reason(self) -> None:
        self.post(self.of_old, "Edge-1", "superseded")
        for response in (self.client.get(self.of_old), self.post(self.of_old, "Edge-1", "keyCompromise")):
            self.assertContains(response, f"Certificate {self.old.serial} is revoked already.", status_code=409)
        self.assertEqual(certificate_of_serial(self.old.serial).revocation_reason, "superseded")
        self.assertEqual(AuditEvent.objects.filter(action="edge.revoked").count(), 1)

    def test_revoked_between_page_and_operation_is_409_too(self) -> None:
        """Another request revoked first, after this one had read the certificates."""
        looked = revoke_preview.of_certificate(self.old.pk)
        revoke_certificate(self.old, reason="keyCompromise", actor=ACTOR)
        looking, revoke_preview.of_certificate = revoke_preview.of_certificate, lambda _: looked
        try:
            self.assertEqual(self.post(self.of_old, "Edge-1", "superseded").status_code, 409)
        finally:
            revoke_preview.of_certificate = looking
        self.assertEqual(certificate_of_serial(self.old.serial).revocation_reason, "keyCompromise")

    def test_another_name_or_reason_revokes_nothing(self) -> None:
        for name, reason in (("", "superseded"), ("Edge-2", "superseded"), ("Edge-1\0", "superseded"), ("Edge-1", "x")):
            self.assertEqual(self.post(self.of_old, name, reason).status_code, 200)
        self.assertEqual(self.revoked(), set())

    def test_a_certificate_of_another_edge_is_not_there(self) -> None:
        other = certificate_of(self.second)
        for address in (
            f"{self.edge_page}certificates/{other.pk}/revoke/",
            f"{self.edge_page}certificates/0/revoke/",
            f"{self.edge_page}certificates/{2**63}/revoke/",
            f"/service-edges/{2**63}/certificates/{other.pk}/revoke/",
        ):
            self.assertEqual(self.client.get(address).status_code, 404)
            self.assertEqual(self.post(address, "Edge-1").status_code, 404)
        self.assertEqual(self.revoked(), set())

    def test_operators_and_administrators_only(self) -> None:
        for who, status in (("vic", 403), ("tom", 403), ("sam", 403), ("nora", 403), ("ada", 200), ("sue", 200)):
            self.sign_in(who)
            self.assertEqual(self.client.get(self.of_old).status_code, status, who)
        self.sign_in("vic")
        self.assertContains(self.post(self.of_old, "Edge-1"), "Operator role", status_code=403)
        self.assertNotContains(self.client.get(self.edge_page), "revoke")
        self.assertEqual(self.revoked(), set())


def certificate_of_serial(serial: str) -> IssuedCertificate:
    return IssuedCertificate.objects.select_related("edge").get(serial=serial)


class KeyPageTests(PageTestCase):
    def test_it_counts_and_lists_what_would_be_revoked(self) -> None:
        page = self.client.get(self.of_key)
        follows = texts(page, ".consequences li")
        self.assertTrue(follows[0].startswith("2 certificates of 2 edges will be refused"), follows)
        for enrolled in (self.first, self.second):
            self.assertContains(page, certificate_of(enrolled).serial)
        self.assertEqual(texts(page, f'.notice a[href="{self.key_page}edit/#id_enabled"]'), ["Disable it first"])

    def test_the_typed_name_revokes_all_and_no_other_keys_edges(self) -> None:
        _, text = make_key("Texas")
        self.enroll(text)
        response = self.post(self.of_key, "Edge")
        self.assertRedirects(response, f"{self.key_page}#edges", fetch_redirect_response=False)
        self.assertEqual(self.revoked(), {"Edge-1", "Edge-2"})
        page = self.client.get(self.key_page)
        self.assertTrue(texts(page, ".message")[0].startswith("Revoked 2 edges of key “"))
        self.assertNotContains(page, "Revoke all edges")

    def test_an_edges_name_is_not_the_keys(self) -> None:
        self.assertEqual(self.post(self.of_key, "Edge-1").status_code, 200)
        self.assertEqual(self.revoked(), set())

    def test_a_key_without_edges_has_nothing_to_revoke(self) -> None:
        key, _ = make_key("Texas")
        for path in (f"/service-edge-keys/{key.pk}/revoke/", f"/service-edge-keys/{managed_key().pk}/revoke/"):
            self.assertEqual(self.client.get(path).status_code, 409)
        self.assertNotContains(self.client.get(f"/service-edge-keys/{key.pk}/"), "Revoke")

    def test_a_hundred_are_shown_and_all_are_counted(self) -> None:
        from enrollment.pages import revoke_preview

        shown, revoke_preview.SHOWN = revoke_preview.SHOWN, 1
        try:
            self.assertContains(self.client.get(self.of_key), "The latest 1 are shown. All 2 will be revoked.")
        finally:
            revoke_preview.SHOWN = shown


class RoleTests(PageTestCase):
    def test_operators_and_administrators_revoke_others_do_not(self) -> None:
        for who, status in (("vic", 403), ("tom", 403), ("sam", 403), ("nora", 403), ("ada", 200), ("sue", 200)):
            self.sign_in(who)
            for path in (self.of_key, self.of_edge):
                self.assertEqual(self.client.get(path).status_code, status, who)
        self.sign_in("vic")
        for path, name in ((self.of_key, "Edge"), (self.of_edge, "Edge-1")):
            self.assertContains(self.post(path, name), "Operator role", status_code=403)
        self.assertEqual(self.revoked(), set())

    def test_who_may_not_revoke_is_not_offered_it(self) -> None:
        self.sign_in("vic")
        self.assertNotContains(self.client.get(self.key_page), "revoke")

    def test_the_support_pages_show_moment_and_reason(self) -> None:
        self.post(self.of_edge, "Edge-1")
        self.sign_in("sam")
        pk = certificate_of(self.first).pk
        for path in ("/admin/enrollment/issuedcertificate/", f"/admin/enrollment/issuedcertificate/{pk}/change/"):
            self.assertContains(self.client.get(path), "Key compromised")
        # A revocation list will name this certificate, and none those that are valid.
        pages = [
            f"/admin/enrollment/issuedcertificate/{certificate_of(edge).pk}/change/"
            for edge in (self.first, self.second)
        ]
        listed = ["next list will name it" in self.client.get(path).text for path in pages]
        self.assertEqual(listed, [True, False])
