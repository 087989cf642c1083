"""Across modules: support staff see every record and no key text, and change nothing.

The admins of all three apps hold that together.
"""

from __future__ import annotations

import re

import pytest
from django.contrib import admin
from django.contrib.auth.models import User

from enrollment.models import IssuedCertificate, ServiceEdge
from enrollment.operations import enroll
from keys.models import ProvisioningKey, SigningCertificate
from portal.models import AuditEvent
from tests import factories
from tests.base import PortalTestCase, make_user
from tests.support.html import parsed

pytestmark = pytest.mark.once

TIME = r"[0-9]{1,2} [A-Z][a-z]{2} 20[0-9]{2}, [0-9:]{5}[^,]*"


class SupportStaffTest(PortalTestCase):
    key: ProvisioningKey
    text: str
    pages: dict[str, tuple[int, str]]  # each path with its status and body

    @classmethod
    def setUpTestData(cls) -> None:
        cls.key, cls.text = factories.make_key("berlin", max_uses=5)
        enroll(cls.text, factories.make_csr(), caller=factories.EDGE)
        client = cls.client_class()
        client.force_login(make_user("sam"))
        cls.pages = {
            path: (page.status_code, page.content.decode()) for path in cls.paths() if (page := client.get(path))
        }

    def setUp(self) -> None:
        self.user = self.sign_in("sam")

    @staticmethod
    def paths() -> list[str]:
        """Every list, record, history, form and confirmation page of the support site."""
        paths = ["/admin/"]
        for model in admin.site._registry:
            base = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
            paths += [base, f"{base}?q=berlin", f"{base}add/", f"/admin/{model._meta.app_label}/"]
            for pk in model.objects.values_list("pk", flat=True):
                paths += [f"{base}{pk}/{page}/" for page in ("change", "history", "delete")]
        return paths

    def test_f51_no_page_shows_any_part_of_a_key_text_or_of_a_private_key(self) -> None:
        self.key.refresh_from_db()
        root = SigningCertificate.objects.get(name="Root")
        secrets = {
            self.text, self.text.rpartition("|")[2][25:60], self.key.token_tail, bytes(self.key.fingerprint).hex()[:16],
            bytes(self.key.sealed_token).hex()[:16], bytes(root.sealed_private_key).hex()[:16], "PSEK", "PRIVATE KEY",
        }  # fmt: skip
        seen = 0
        for path, (_, body) in self.pages.items():
            seen += "berlin" in body
            self.assertEqual([secret for secret in secrets if secret in body], [], path)
        self.assertGreater(seen, 10)

    def test_f51_no_page_offers_a_change_and_none_is_taken(self) -> None:
        counted = (ProvisioningKey, ServiceEdge, IssuedCertificate, SigningCertificate, User)
        before = [list(model.objects.order_by("pk").values_list()) for model in counted]
        # Refusals are events too, as many as the minute has room for.
        done = AuditEvent.objects.exclude(outcome=AuditEvent.Outcome.REFUSED)
        events = done.count()
        for path, (status, body) in self.pages.items():
            if "password" in path:
                continue
            if status == 200:
                self.assertEqual([mark for mark in ("_save", "addlink", "deletelink") if mark in body], [], path)
            self.assertIn(
                self.client.post(path, {"post": "yes", "name": "x", "_save": "1"}).status_code,
                {403, 404, 405, 200},
                path,
            )
        self.assertEqual([list(model.objects.order_by("pk").values_list()) for model in counted], before)
        self.assertEqual(done.count(), events)

    def test_times_are_shown_with_their_zone(self) -> None:
        pages = [
            "/admin/portal/auditevent/", f"/admin/keys/provisioningkey/{self.key.pk}/change/",
            f"/admin/enrollment/serviceedge/{ServiceEdge.objects.get().pk}/change/",
        ]  # fmt: skip
        for zone, short in (("", "UTC"), ("Europe/Berlin", "CES?T"), ("Asia/Kolkata", "IST")):
            self.client.cookies["__Host-zone"] = zone
            for path in pages:
                shown = parsed(self.client.get(path)).stripped_strings
                times = [time for text in shown for time in re.findall(TIME, text)]
                self.assertTrue(times, path)
                for time in times:
                    self.assertRegex(time, f" {short}$")

    def test_an_administrator_types_a_time_in_his_zone_and_is_told_which(self) -> None:
        self.sign_in("ada")
        self.client.cookies["__Host-zone"] = "Asia/Kolkata"
        self.assertContains(self.client.get("/admin/keys/provisioningkey/add/"), "In Asia/Kolkata (IST).")
        data = {
            "name": "late", "max_uses": 1, "group": self.key.group_id, "allowed_networks": "[]",
            "signing_certificate": self.key.signing_certificate_id, "expires_at": "2030-12-31T23:59",
        }  # fmt: skip
        self.assertEqual(self.client.post("/admin/keys/provisioningkey/add/", data).status_code, 302)
        self.assertEqual(f"{ProvisioningKey.objects.get(name='late').expires_at:%FT%R%z}", "2030-12-31T18:29+0000")

    def test_signing_out_leads_to_the_portals_sign_in(self) -> None:
        self.assertRedirects(self.client.post("/admin/logout/"), "/accounts/login/", fetch_redirect_response=False)
        self.assertRedirects(self.client.get("/admin/"), "/admin/login/?next=/admin/", fetch_redirect_response=False)
        self.assertEqual(AuditEvent.objects.latest("id").action, "user.signed_out")
