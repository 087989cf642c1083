"""Migrating a database that is in use: SQLite rebuilds tables, and rows, triggers and rules must survive it."""

from __future__ import annotations

from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.db.migrations.executor import MigrationExecutor

from keys.models import ProvisioningKey, SigningCertificate
from keys.operations import delete_certificate, edit_key
from portal import database, triggers
from tests import factories
from tests.base import CommittedTestCase
from tests.keys.base import generated


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

    def test_the_pins_of_keys_are_found_again_also_of_those_that_were_moved(self) -> None:
        old, lost = generated("Old root"), generated("Lost root")
        keys = [factories.make_key(name, signing_certificate=root)[0] for name, root in (
            ("stayed", old), ("moved", old), ("moved twice", old), ("from a root that is gone", lost),
        )]  # fmt: skip
        for key in keys[1:]:
            self.move(key, generated(f"New root of {key.pk}"))
        self.move(keys[2], generated("Newest root"))
        delete_certificate(lost, actor=factories.ACTOR)
        pins = dict(ProvisioningKey.objects.values_list("name", "pin"))
        self.as_before()
        call_command("migrate", verbosity=0)
        unknown = {"from a root that is gone": ""}
        self.assertEqual(dict(ProvisioningKey.objects.values_list("name", "pin")), pins | unknown)

    def move(self, key: ProvisioningKey, certificate: SigningCertificate) -> None:
        key.refresh_from_db()
        key.signing_certificate = certificate
        fields = ["signing_certificate"]
        edit_key(key, fields=fields, version=key.version, actor=factories.ACTOR, different_root=True)

    def test_without_anything_to_do_the_triggers_stay_where_they_are(self) -> None:
        triggers.drop_before_migrations(plan=[])
        self.assertEqual(triggers.missing(), [])
