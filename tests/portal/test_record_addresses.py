"""Fast record URLs equal those of `reverse`."""

from __future__ import annotations

from django.test import SimpleTestCase
from django.test.utils import override_script_prefix
from django.urls import reverse

from portal import record_addresses


class AddressesTest(SimpleTestCase):
    def test_they_are_those_of_reverse(self) -> None:
        for name in ("keys:key-detail", "keys:certificate-detail", "enrollment:edge-detail", "keys:key-edit"):
            for pk in (1, 987_654_321, 2**63 - 1):
                self.assertEqual(record_addresses.of(name, pk), reverse(name, args=[pk]))

    def test_the_script_prefix_is_that_of_the_request(self) -> None:
        for prefix in ("/", "/elsewhere/"):
            with override_script_prefix(prefix):
                self.assertEqual(record_addresses.of("keys:key-detail", 7), f"{prefix}service-edge-keys/7/")
                self.assertEqual(record_addresses.page("preferences"), f"{prefix}preferences/")
