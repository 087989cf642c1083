"""The page that moves the keys of a signing certificate to another."""

from __future__ import annotations

from enrollment.operations import enroll
from keys.models import ProvisioningKey
from keys.models.signing_certificate import CANNOT_SIGN
from tests.factories import EDGE, make_csr, make_key
from tests.keys.base import generated
from tests.keys.pages.base import OwnCertificateTestCase, field_errors
from tests.support.html import parsed, words

LIST = "/enrollment-certificates/"


class ChangeTest(OwnCertificateTestCase):
    def replace(self, new, **fields):
        return self.post(f"{self.address}replace/", **{"certificate": str(new.pk), "confirmed": "1", **fields})

    def test_d08_its_keys_move_after_they_were_confirmed(self):
        make_key("one", signing_certificate=self.record)
        other = generated("Other", self.record)
        make_key("two", signing_certificate=self.record)
        self.assertContains(self.replace(other), "Now 2 keys would move, not 1.", status_code=409)
        self.assertRedirects(self.replace(other, confirmed="2"), f"{LIST}{self.address}")
        self.assertEqual(set(ProvisioningKey.objects.values_list("signing_certificate", flat=True)), {other.pk})

    def test_nothing_is_preselected_and_the_same_root_comes_first(self):
        make_key("one", signing_certificate=self.record)
        for name, parent in (("A root", None), ("Same", self.record), ("Below", self.record)):
            generated(name, parent)
        page = self.client.get(f"{LIST}{self.address}replace/")
        offered = [words(option).partition(" (")[0] for option in parsed(page).select("#id_certificate option")]
        self.assertEqual(offered[:4], ["Choose a certificate", "Below", "Same", "A root"])
        self.assertEqual(parsed(page).select("#id_certificate option[selected]:not([value=''])"), [])
        self.assertEqual(parsed(page).select("[name=different_root]"), [])
        empty = self.post(f"{self.address}replace/", confirmed="1")
        self.assertEqual(field_errors(empty), {"certificate": [CANNOT_SIGN]})

    def test_d08_a_different_root_takes_a_tick_that_names_the_edges_and_the_result_repeats_it(self):
        _, text = make_key("one", signing_certificate=self.record, max_uses=2)
        other = generated("Other")
        enroll(text, make_csr(), caller=EDGE)
        effect = "1 edge holds a certificate below the old root and accepts no other: it renews below it"
        asked = self.replace(other)
        self.assertEqual(
            (asked.status_code, ProvisioningKey.objects.get().signing_certificate_id), (200, self.record.pk)
        )
        self.assertContains(asked, "“Other” has a different root from “Own”. The text of the key pins a different root")
        self.assertContains(asked, effect)
        self.assertEqual(len(parsed(asked).select("input[type=checkbox][name=different_root]")), 1)
        answer = self.replace(other, different_root="on")
        page = self.client.get(answer.url)
        self.assertContains(page, "The key now signs below a different root. The text of the key pins a different root")
        self.assertContains(page, effect)
        # Back where they come from nobody is left behind, and the pin is right again.
        self.address = f"{other.pk}/"
        self.assertContains(self.replace(self.record), "The key texts pin this root")
        page = self.client.get(self.replace(self.record, different_root="on").url)
        self.assertNotContains(page, "accepts no other")
