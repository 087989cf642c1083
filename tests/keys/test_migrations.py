"""Migrating a database that is in use: SQLite rebuilds tables, and rows, triggers and rules must survive it."""

from __future__ import annotations

from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.db.migrations.executor import MigrationExecutor

from keys.models import ProvisioningKey, SigningCertificate
from portal import database, triggers
from tests import factories
from tests.base import CommittedTestCase


class MigratingTest(CommittedTestCase):
    def tearDown(self) -> None:
        call_command("migrate", verbosity=0)

    def as_before(self) -> None:
        """The tables as they were before certificates could be pending, and triggers that name other tables."""
        triggers.drop_all()
        # As before any migration, which the executor alone does not announce.
        database.lift_statement_timeout()
        MigrationExecutor(connection).migrate([("keys", "0001_initial")])
        with connection.cursor() as cursor:
            for trigger in triggers.all_triggers():
                if trigger.name == "key_is_made_with_a_certificate_that_signs":
                    for statement in triggers.statements(trigger):
                        cursor.execute(statement)

    def test_certificates_keys_and_triggers_survive(self) -> None:
        key, _text = factories.make_key("berlin")
        before = list(SigningCertificate.objects.order_by("pk").values())
        self.as_before()
        call_command("migrate", verbosity=0)
        self.assertEqual(triggers.missing(), [])
        self.assertEqual(list(SigningCertificate.objects.order_by("pk").values()), before)
        self.assertEqual(ProvisioningKey.objects.get().signing_certificate_id, key.signing_certificate_id)
        connection.check_constraints()
        with self.assertRaisesMessage(IntegrityError, "read only"), transaction.atomic():
            SigningCertificate.objects.filter(name="Root").update(enabled=False)

    def test_without_anything_to_do_the_triggers_stay_where_they_are(self) -> None:
        triggers.drop_before_migrations(plan=[])
        self.assertEqual(triggers.missing(), [])
