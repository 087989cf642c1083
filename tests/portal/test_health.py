"""`/healthz` and `/readyz` answer without details."""

import resource
from unittest import mock

from django.contrib.sessions.models import Session
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import override_settings

from keys.models import ProvisioningKey
from portal import database, health
from tests import factories
from tests.base import CommittedTestCase, PortalTestCase
from tests.portal.test_checks import other_keyring
from tests.support import database_conditions


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

    def test_readyz_opens_a_ca_key_where_there_is_no_provisioning_key(self) -> None:
        factories.preload()
        with override_settings(KEYRING_FILE=other_keyring()), self.assertLogs("portal.health", "ERROR"):
            self.assertEqual(self.client.get("/readyz").status_code, 503)

    def test_readyz_opens_the_newest_text_of_a_key_too(self) -> None:
        key, _ = factories.make_key()
        ProvisioningKey.objects.filter(pk=key.pk).update(sealed_token=b"\x01\x04test" + bytes(120))
        with self.assertLogs("portal.health", "ERROR"):
            self.assertEqual(self.client.get("/readyz").status_code, 503)

    def test_readyz_notices_a_missing_trigger(self) -> None:
        with connection.cursor() as cursor:
            on = "" if connection.vendor == "sqlite" else " ON keys_provisioningkey"
            cursor.execute(f"DROP TRIGGER key_uses_never_fall{on}")
        with self.assertLogs("portal.health", "WARNING"):
            self.assertEqual(self.client.get("/readyz").status_code, 503)

    def test_readyz_notices_a_migration_that_did_not_run(self) -> None:
        MigrationRecorder(connection).record_unapplied("portal", "0001_initial")
        with self.assertLogs("portal.health", "WARNING"):
            self.assertEqual(self.client.get("/readyz").status_code, 503)

    def test_readyz_remembers_its_answer_for_five_seconds(self) -> None:
        self.client.get("/readyz")
        with self.assertNumQueries(0):
            self.assertEqual(self.client.get("/readyz").status_code, 200)


class ReadinessWritesTest(CommittedTestCase):
    """Each fault is a real one. A database that can be read but not written is not ready."""

    def readiness(self) -> tuple[int, bytes]:
        health.last = health.Answer()
        self.addCleanup(setattr, health, "last", health.Answer())
        response = self.client.get("/readyz")
        return response.status_code, response.content

    def test_readyz_says_not_ready_in_every_distress_and_ready_again_after_it(self) -> None:
        factories.make_key()
        self.enterContext(mock.patch.object(database, "SQLITE_PROBE_SECONDS", 0))
        for name, condition in {**database_conditions.away(), **database_conditions.half()}.items():
            with self.subTest(name):
                with condition(), self.assertLogs("portal.health", "ERROR"):
                    self.assertEqual(self.readiness(), (503, b"not ready\n"))
                self.assertEqual(self.readiness(), (200, b"ok\n"))

    def test_it_leaves_nothing_behind(self) -> None:
        self.assertEqual(self.readiness(), (200, b"ok\n"))
        self.assertFalse(Session.objects.exists())

    def test_a_disk_without_room_is_not_ready(self) -> None:
        if connection.vendor != "sqlite":
            return
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        with database_conditions.in_a_file(), self.assertLogs("portal.health", "ERROR"):
            resource.setrlimit(resource.RLIMIT_FSIZE, (64 * 1024, hard))
            try:
                self.assertEqual(self.readiness(), (503, b"not ready\n"))
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
