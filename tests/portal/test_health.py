"""Health says ok or not ready, and nothing else."""

from django.db import connection
from django.test import override_settings

from portal import health
from tests import factories
from tests.base import PortalTestCase
from tests.portal.test_checks import other_keyring


class HealthTest(PortalTestCase):
    def setUp(self) -> None:
        health.last = health.Answer()
        self.addCleanup(setattr, health, "last", health.Answer())

    def test_healthz_is_public_and_needs_no_database(self) -> None:
        with self.assertNumQueries(0):
            response = self.client.get("/healthz")
        self.assertEqual((response.status_code, response.content), (200, b"ok\n"))

    def test_readyz_is_ok_when_everything_opens(self) -> None:
        factories.make_key()
        response = self.client.get("/readyz")
        self.assertEqual((response.status_code, response.content), (200, b"ok\n"))

    def test_readyz_without_the_keyring_says_only_not_ready(self) -> None:
        factories.make_key()
        with override_settings(KEYRING_FILE=other_keyring()), self.assertLogs("portal.health", "ERROR"):
            response = self.client.get("/readyz")
        self.assertEqual((response.status_code, response.content), (503, b"not ready\n"))

    def test_readyz_notices_a_missing_trigger(self) -> None:
        with connection.cursor() as cursor:
            on = "" if connection.vendor == "sqlite" else " ON keys_provisioningkey"
            cursor.execute(f"DROP TRIGGER key_uses_never_fall{on}")
        with self.assertLogs("portal.health", "WARNING"):
            self.assertEqual(self.client.get("/readyz").status_code, 503)

    def test_readyz_remembers_its_answer_for_five_seconds(self) -> None:
        self.client.get("/readyz")
        with self.assertNumQueries(0):
            self.assertEqual(self.client.get("/readyz").status_code, 200)
