"""Migrating a database that is in use: SQLite rebuilds tables, and rows, triggers and rules must survive it."""

from __future__ import annotations

from django.core.management import call_command
from django.db import IntegrityError, connection, transaction

from keys.models import ProvisioningKey, SigningCertificate
from portal import triggers
from tests import factories
from tests.base import CommittedTestCase


class MigratingTest(CommittedTestCase):
    def tearDown(self) -> None:
        call_command("migrate", verbosity=0)

    def test_certificates_keys_and_triggers_survive_the_way_back_and_forth(self) -> None:
        key, _text = factories.make_key("berlin")
        before = list(SigningCertificate.objects.order_by("pk").values())
        call_command("migrate", "keys", "0001", verbosity=0)
        self.assertEqual(triggers.missing(), [])
        call_command("migrate", verbosity=0)
        self.assertEqual(triggers.missing(), [])
        self.assertEqual(list(SigningCertificate.objects.order_by("pk").values()), before)
        self.assertEqual(ProvisioningKey.objects.get().signing_certificate_id, key.signing_certificate_id)
        connection.check_constraints()

    def test_the_rules_are_at_work_again(self) -> None:
        factories.make_key("berlin")
        call_command("migrate", "keys", "0001", verbosity=0)
        call_command("migrate", verbosity=0)
        with self.assertRaisesMessage(IntegrityError, "read only"), transaction.atomic():
            SigningCertificate.objects.filter(name="Root").update(enabled=False)

    def test_without_anything_to_do_the_triggers_stay_where_they_are(self) -> None:
        triggers.step_aside(plan=[])
        self.assertEqual(triggers.missing(), [])
