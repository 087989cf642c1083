"""Across modules: a vendor-managed key enrolls edges like any other, and nobody changes anything else (E-02).

Operations, triggers and the manifest hold that together.
"""

from __future__ import annotations

from typing import Any

from django.db import DatabaseError, IntegrityError, connection, transaction

from enrollment.models import IssuedCertificate
from keys.errors import Managed
from keys.managed_rows import MACHINE_COLUMNS
from keys.models import ProvisioningKey, ServiceEdgeGroup, SigningCertificate, VendorGate
from keys.operations import delete_certificate, delete_group, delete_key, edit_certificate, edit_group, edit_key
from keys.operations.key_minting import open_token
from tests.enrollment.base import EnrollmentTestCase
from tests.factories import ACTOR, make_csr, make_managed

TABLES = {
    ProvisioningKey: "keys_provisioningkey",
    ServiceEdgeGroup: "keys_serviceedgegroup",
    SigningCertificate: "keys_signingcertificate",
}


class ManagedTestCase(EnrollmentTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        make_managed(
            groups=[{"name": "Vendor group"}], keys=[{"name": "Vendor key", "group": "Vendor group", "max_uses": 2}]
        )
        cls.key = ProvisioningKey.objects.get(name="Vendor key")
        cls.text = open_token(cls.key)

    def assert_read_only(
        self,
        statement: str,
        *values: object,
        message: str = "are read only|never changes?|the signing certificate of a key",
    ) -> None:
        with self.assertRaisesRegex(DatabaseError, message):
            self.execute(statement, *values)


class EnrollmentTests(ManagedTestCase):
    def test_enrollments_are_counted_and_repeated(self) -> None:
        csr = make_csr()
        self.assertEqual(self.enroll(self.text, csr).edge_name, "Vendor key-1")
        self.assertTrue(self.enroll(self.text, csr).replayed)
        key = ProvisioningKey.objects.get(pk=self.key.pk)
        self.assertEqual((key.uses, key.last_used_by, key.use_state), (1, "Vendor key-1", "free"))

    def test_the_limit_holds(self) -> None:
        self.enroll(self.text)
        self.enroll(self.text)
        self.assert_refused("key_exhausted", self.text)
        self.assertEqual(IssuedCertificate.objects.count(), 2)


class ReadOnlyTests(ManagedTestCase):
    def test_e02_no_operation_edits_or_deletes_it(self) -> None:
        records = [
            (self.key, edit_key, delete_key),
            (self.key.group, edit_group, delete_group),
            (self.key.signing_certificate, edit_certificate, delete_certificate),
        ]
        for record, edit, delete in records:
            with self.subTest(record.name):
                record.enabled = False
                with self.assertRaises(Managed):
                    edit(record, fields=["enabled"], version=record.version, actor=ACTOR)
                with self.assertRaises(Managed):
                    delete(record, actor=ACTOR)

    def test_e02_no_column_changes_by_raw_sql_but_the_machines(self) -> None:
        for model, table in TABLES.items():
            row = model.objects.filter(managed=True).first()
            for field in model._meta.concrete_fields:
                if field.column in MACHINE_COLUMNS[model] or field.generated:
                    continue
                with self.subTest(f"{table}.{field.column}"):
                    self.assert_read_only(f"UPDATE {table} SET {field.column} = {_other(field)} WHERE id = %s", row.pk)

    def test_e02_neither_by_the_orm_nor_by_a_bulk_update(self) -> None:
        with self.assertRaises(IntegrityError), transaction.atomic():
            ProvisioningKey.objects.filter(managed=True).update(max_uses=9)
        with self.assertRaises(IntegrityError), transaction.atomic():
            ProvisioningKey.objects.update(enabled=False)
        self.key.description = "mine"
        self.key.max_uses = 9
        with self.assertRaises(IntegrityError), transaction.atomic():
            self.key.save()

    def test_e02_no_row_becomes_managed_or_stops_being_it(self) -> None:
        from tests.factories import make_group, make_key

        make_key("Ours")
        make_group("Ours")
        for table in TABLES.values():
            with self.subTest(table):
                self.assert_read_only(f"UPDATE {table} SET managed = FALSE WHERE managed")
        for table in ("keys_provisioningkey", "keys_serviceedgegroup"):
            self.assert_read_only(f"UPDATE {table} SET managed = TRUE WHERE name = 'Ours'")

    def test_e02_no_managed_row_is_deleted(self) -> None:
        for table in TABLES.values():
            with self.subTest(table):
                self.assert_read_only(f"DELETE FROM {table} WHERE managed")

    def test_e02_no_managed_row_is_swept_away_with_its_table(self) -> None:
        if connection.vendor == "postgresql":
            self.execute("SET CONSTRAINTS ALL IMMEDIATE")
            for table in TABLES.values():
                with self.subTest(table):
                    self.assert_read_only(f"TRUNCATE {table} CASCADE")

    def test_e02_no_managed_row_is_replaced(self) -> None:
        if connection.vendor == "sqlite":
            columns = "name, sort_name, managed, version, created_at, modified_at, created_by, modified_by"
            ours = "'Mine', 'mine', FALSE, 1, '2026-01-01', '2026-01-01', '', ''"
            rest = [field.column for field in ServiceEdgeGroup._meta.concrete_fields if not field.generated]
            copied = [name for name in rest if name not in {"id", *columns.split(", ")}]
            self.assert_read_only(
                f"REPLACE INTO keys_serviceedgegroup (id, {columns}, {', '.join(copied)}) "
                f"SELECT id, {ours}, {', '.join(copied)} FROM keys_serviceedgegroup WHERE managed"
            )

    def test_e02_no_managed_row_is_inserted(self) -> None:
        group = ServiceEdgeGroup(name="Forged", managed=True)
        with self.assertRaises(IntegrityError), transaction.atomic():
            group.save()

    def test_the_count_cannot_be_turned_back(self) -> None:
        self.enroll(self.text)
        turned_back = "UPDATE keys_provisioningkey SET uses = 0 WHERE id = %s"
        self.assert_read_only(turned_back, self.key.pk, message="uses never fall")

    def test_the_keyring_can_rotate(self) -> None:
        for column in ("sealed_token", "fingerprint"):
            self.execute(f"UPDATE keys_provisioningkey SET {column} = {column} WHERE id = %s", self.key.pk)
        self.execute("UPDATE keys_provisioningkey SET sealed_with = 'next', pepper_id = 'next' WHERE managed")
        self.execute("UPDATE keys_signingcertificate SET sealed_with = 'next' WHERE managed")


class GateTests(ManagedTestCase):
    def test_the_gate_is_closed_after_a_manifest(self) -> None:
        self.assertFalse(VendorGate.objects.filter(open=True).exists())

    def test_without_its_row_the_gate_is_closed(self) -> None:
        VendorGate.objects.all().delete()
        self.assert_read_only("UPDATE keys_provisioningkey SET max_uses = 9 WHERE managed")
        self.assert_read_only("DELETE FROM keys_provisioningkey WHERE managed")

    def test_a_second_gate_cannot_be_built(self) -> None:
        with self.assertRaises(IntegrityError), transaction.atomic():
            VendorGate.objects.create(id=2, open=True)

    def test_a_manifest_that_fails_leaves_the_gate_closed_and_nothing_written(self) -> None:
        from keys.errors import Invalid

        with self.assertRaises(Invalid), transaction.atomic():
            make_managed(groups=[{"name": "Half"}], keys=[{"name": "Broken", "group": "missing", "max_uses": 1}])
        self.assertFalse(VendorGate.objects.filter(open=True).exists())
        self.assertFalse(ServiceEdgeGroup.objects.filter(name="Half").exists())


def _other(field: Any) -> str:
    """SQL for a value the column does not hold now."""
    of_its_kind = {
        "BooleanField": f"NOT {field.column}",
        "DateTimeField": "'2001-02-03 04:05:06+00:00'",
        "JSONField": "'[\"198.51.100.0/24\"]'",
        "BinaryField": "CAST('x' AS BLOB)" if connection.vendor == "sqlite" else "'x'::bytea",
        "UUIDField": "'00000000-0000-4000-8000-000000000000'",
    }
    if field.get_internal_type() in of_its_kind:
        return of_its_kind[field.get_internal_type()]
    if field.max_length:
        return "'other'" if field.max_length > 9 else "'X'"
    return f"COALESCE({field.column}, 0) + 1"
