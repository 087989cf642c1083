"""The page that moves the keys of a signing certificate to another."""

from __future__ import annotations

from enrollment.operations import enroll
from keys.models import ProvisioningKey
from tests.factories import EDGE, make_csr, make_key
from tests.keys.base import generated
from tests.keys.pages.base import CertificatePageTestCase

LIST = "/enrollment-certificates/"


class ChangeTest(CertificatePageTestCase):
    def setUp(self):
        super().setUp()
        self.record = generated("Own")
        self.address = f"{self.record.pk}/"

    def edit(self, **fields):
        return self.post(f"{self.address}edit/", **{"name": "Own", "enabled": "on", "version": "1", **fields})

    def test_d08_its_keys_move_after_they_were_confirmed(self):
        make_key("one", signing_certificate=self.record)
        other = generated("Other")
        page = self.client.get(f"{LIST}{self.address}replace/")
        self.assertEqual([each.name for each in page.context["others"]], ["Other"])
        make_key("two", signing_certificate=self.record)
        answer = self.post(f"{self.address}replace/", certificate=str(other.pk), confirmed="1")
        self.assertContains(answer, "Now 2 keys would move, not 1.", status_code=409)
        answer = self.post(f"{self.address}replace/", certificate=str(other.pk), confirmed="2")
        self.assertRedirects(answer, f"{LIST}{self.address}")
        self.assertEqual(set(ProvisioningKey.objects.values_list("signing_certificate", flat=True)), {other.pk})

    def test_d08_moving_keys_says_how_many_edges_keep_the_old_root(self):
        _, text = make_key("one", signing_certificate=self.record)
        other = generated("Other")
        enroll(text, make_csr(), caller=EDGE)
        words = "1 edge holds a certificate below the old root and accepts no other: it renews below it"
        self.assertNotContains(self.client.get(f"{LIST}{other.pk}/replace/"), "accepts no other")
        self.assertContains(self.client.get(f"{LIST}{self.address}replace/"), words)
        answer = self.post(f"{self.address}replace/", certificate=str(other.pk), confirmed="1")
        self.assertContains(self.client.get(answer.url), words)
        # Back where they come from nobody is left behind.
        answer = self.post(f"{other.pk}/replace/", certificate=str(self.record.pk), confirmed="1")
        self.assertNotContains(self.client.get(answer.url), "accepts no other")
