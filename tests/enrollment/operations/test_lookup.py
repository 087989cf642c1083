"""An unknown id takes the same work as a known one, and never opens the placeholder key."""

from __future__ import annotations

from django.db import connection
from django.test.utils import CaptureQueriesContext

from enrollment.errors import Refused
from enrollment.operations import lookup
from keys.crypto import tokens
from keys.models import ProvisioningKey
from tests.enrollment.base import EnrollmentTestCase

DOMAIN = "api.private.example.com"


class UnknownKeyTests(EnrollmentTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.known = tokens.read(self.text, {DOMAIN})
        self.unknown = tokens.Token(DOMAIN, b"u" * 16, self.known.secret, self.known.pin)
        self.wrong = tokens.Token(DOMAIN, self.known.public_id, b"w" * 32, self.known.pin)

    def code(self, token: tokens.Token) -> str:
        with self.assertRaises(Refused) as refused:
            lookup.recognize(token)
        return refused.exception.code

    def test_another_key_stands_in_for_an_unknown_one_and_is_not_found(self) -> None:
        state = lookup._find_any(self.unknown.public_id.hex())
        self.assertEqual(state and state.public_id, ProvisioningKey.objects.earliest("id").public_id)
        self.assertIsNone(lookup.find(self.unknown.public_id.hex()))
        self.assertEqual(lookup.recognize(self.known).id, self.key.pk)

    def test_unknown_keys_and_wrong_secrets_take_the_same_statements(self) -> None:
        statements = []
        for token in (self.unknown, self.wrong):
            with CaptureQueriesContext(connection) as captured:
                self.assertEqual(self.code(token), "invalid_provisioning_key")
            statements.append(len(captured))
        self.assertEqual(statements, [1, 1])

    def test_not_even_a_proof_that_fits_the_stand_in_passes(self) -> None:
        """The fingerprint covers the id, so this cannot happen; the look-up must not depend on it."""
        ring = lookup.keyring.load(lookup.settings.KEYRING_FILE)
        fingerprint = tokens.fingerprint(self.unknown, ring.pepper(self.key.pepper_id))
        ProvisioningKey.objects.update(fingerprint=fingerprint)
        self.assertEqual(self.code(self.unknown), "invalid_provisioning_key")

    def test_without_any_key_it_is_refused_the_same(self) -> None:
        ProvisioningKey.objects.all().delete()
        self.assertEqual(self.code(self.unknown), "invalid_provisioning_key")
