"""Across modules: a sealed text that does not open gives no plaintext, an answer that says what to do, and an event.

Sealing, the operation and the page each do a part.
"""

from __future__ import annotations

import tempfile

from django.test import override_settings

from keys.crypto import keyring
from keys.errors import Unopenable
from keys.models import ProvisioningKey
from keys.operations import download_key, reveal_key
from portal.models import AuditEvent
from tests.base import PortalTestCase
from tests.factories import ACTOR, make_key


class BrokenSealTests(PortalTestCase):
    def setUp(self) -> None:
        self.one, self.text = make_key("One")
        self.other, _ = make_key("Other")

    def move(self) -> None:
        """As somebody at the database's own prompt would: the ciphertext of one key over that of the other."""
        ProvisioningKey.objects.filter(pk=self.other.pk).update(
            sealed_token=bytes(ProvisioningKey.objects.get(pk=self.one.pk).sealed_token)
        )

    def assert_alert(self, action: str) -> None:
        event = AuditEvent.objects.latest("id")
        self.assertEqual(
            (event.action, event.outcome, event.reason, event.object_id),
            (action, "refused", "key_unopenable", str(self.other.pk)),
        )

    def test_b09_a_ciphertext_copied_from_another_row_opens_nowhere_and_is_an_alert(self) -> None:
        self.move()
        for purpose, action in (("show", "key.shown"), ("copy", "key.copied")):
            with (
                self.assertLogs("keys.operations.provisioning_keys", "ERROR"),
                self.assertRaises(Unopenable) as refused,
            ):
                reveal_key(self.other, purpose=purpose, actor=ACTOR)
            self.assertIn("can't be opened", str(refused.exception))
            self.assertNotIn(self.text, str(refused.exception))
            self.assert_alert(action)
        with self.assertRaises(Unopenable):
            download_key(self.other, actor=ACTOR)
        self.assert_alert("key.downloaded")
        # The row it was copied from is not affected.
        self.assertEqual(reveal_key(self.one, purpose="show", actor=ACTOR), self.text)

    def test_b09_the_page_says_so_and_shows_no_text(self) -> None:
        self.move()
        self.sign_in("olga")
        for door, data in (("reveal", {"for": "show"}), ("download", {})):
            for accept in ("text/html", "application/json"):
                response = self.client.post(
                    f"/service-edge-keys/{self.other.pk}/{door}/", data, headers={"accept": accept}
                )
                self.assertEqual(response.status_code, 409)
                self.assertContains(response, "opened: it was changed", status_code=409)
                self.assertNotIn(self.text[-40:], response.content.decode())
        self.assertEqual(AuditEvent.objects.latest("id").actor_name, "olga")

    def test_a_keyring_without_its_key_is_the_same(self) -> None:
        with tempfile.NamedTemporaryFile("w", suffix=".json") as another:
            another.write(keyring.generate("another"))
            another.flush()
            with override_settings(KEYRING_FILE=another.name), self.assertRaises(Unopenable):
                reveal_key(self.other, purpose="show", actor=ACTOR)
        self.assert_alert("key.shown")
