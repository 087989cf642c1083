"""What the database refuses, whoever asks: audit events, edges and issued certificates are not deleted (J-01)."""

from __future__ import annotations

from django.db import DatabaseError, connection, transaction

from enrollment.models import IssuedCertificate, ServiceEdge
from portal import triggers
from portal.models import AuditEvent
from tests.enrollment.base import EnrollmentTestCase, now

NEVER = "audit events are never changed or deleted"
AUDIT, EDGE, CERTIFICATE = "portal_auditevent", "enrollment_serviceedge", "enrollment_issuedcertificate"


class TriggerTestCase(EnrollmentTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.enroll(self.text)

    def assert_kept(self, message: str, *statements: str) -> None:
        for statement in statements:
            with self.subTest(statement), self.assertRaisesMessage(DatabaseError, message):
                self.execute(statement)


class AuditTests(TriggerTestCase):
    def test_j01_an_event_is_never_changed_or_deleted(self) -> None:
        rows = list(AuditEvent.objects.order_by("id").values())
        self.assert_kept(
            NEVER,
            f"UPDATE {AUDIT} SET actor_name = 'somebody else'",
            f"UPDATE {AUDIT} SET id = id + 1000",
            f"UPDATE {AUDIT} SET reason = reason",
            f"DELETE FROM {AUDIT}",
            f"DELETE FROM {AUDIT} WHERE id = (SELECT MAX(id) FROM {AUDIT})",
        )
        self.assertEqual(list(AuditEvent.objects.order_by("id").values()), rows)

    def test_j01_not_through_the_orm_either(self) -> None:
        event = AuditEvent.objects.latest("id")
        for attempt in (event.delete, event.save, AuditEvent.objects.all().delete):
            with self.subTest(attempt.__qualname__), self.assertRaises(DatabaseError), transaction.atomic():
                attempt()

    def test_j01_an_event_is_not_replaced_or_truncated(self) -> None:
        columns = ", ".join(field.column for field in AuditEvent._meta.concrete_fields if field.column != "actor_name")
        if connection.vendor == "postgresql":
            self.assert_kept(NEVER, f"TRUNCATE {AUDIT}", f"TRUNCATE {AUDIT} CASCADE")
        else:
            forged = f"(actor_name, {columns}) SELECT 'somebody else', {columns} FROM {AUDIT}"
            self.assert_kept(
                NEVER, f"REPLACE INTO {AUDIT} {forged}", f"INSERT OR REPLACE INTO {AUDIT} {forged} WHERE id > 0"
            )

    def test_a_refusal_has_a_reason_and_a_success_has_none(self) -> None:
        copied = [field.column for field in AuditEvent._meta.concrete_fields if field.column not in {"id", "reason"}]
        columns = ", ".join(copied)
        source = f"FROM {AUDIT} WHERE outcome = 'success'"
        self.assert_kept(
            "audit_event_has_reason", f"INSERT INTO {AUDIT} ({columns}, reason) SELECT {columns}, 'busy' {source}"
        )


class KeptTests(TriggerTestCase):
    def test_an_issued_certificate_is_kept_as_it_is(self) -> None:
        other = {"der": "der || der", "serial": "'1'", "not_after": "not_before", "edge_id": "edge_id + 1"}
        changes = {**other, "spki_sha256": "'a'", "fingerprint": "'b'", "issuer_id": "issuer_id + 1"}
        self.assert_kept("kept for ever", f"DELETE FROM {CERTIFICATE}")
        self.assert_kept(
            "only by revocation", *(f"UPDATE {CERTIFICATE} SET {column} = {value}" for column, value in changes.items())
        )

    def test_a_revoked_certificate_stays_revoked(self) -> None:
        IssuedCertificate.objects.update(revoked_at=now(), revocation_reason="unspecified")
        self.assert_kept("stays revoked", f"UPDATE {CERTIFICATE} SET revoked_at = NULL, revocation_reason = ''")
        IssuedCertificate.objects.update(revocation_reason="keyCompromise")

    def test_a_certificate_is_presented_first_at_one_moment(self) -> None:
        IssuedCertificate.objects.update(presented_at=now())
        self.assert_kept("presented first", f"UPDATE {CERTIFICATE} SET presented_at = NULL")

    def test_only_a_revoked_renewal_that_was_never_presented_is_replaced(self) -> None:
        first = IssuedCertificate.objects.get()
        columns = {
            each.attname: getattr(first, each.attname) for each in first._meta.concrete_fields if not each.primary_key
        } | {"claims_key_pair": False, "renews_id": first.pk}
        recorded = IssuedCertificate.objects.create(**columns | {"serial": "1"})
        rows = IssuedCertificate.objects.filter(pk=recorded.pk)

        def replace(**values: object) -> None:
            with transaction.atomic():
                IssuedCertificate.objects.create(**columns | {"serial": "2", "replaces_id": recorded.pk} | values)

        with self.assertRaisesMessage(DatabaseError, "only a revoked renewal"):
            replace()
        rows.update(revoked_at=now(), revocation_reason="superseded")
        for values in ({"replaces_id": first.pk}, {"spki_sha256": "0" * 64, "claims_key_pair": True}):
            with self.subTest(values), self.assertRaisesMessage(DatabaseError, "only a revoked renewal"):
                replace(**values)
        replace()
        with self.assertRaises(DatabaseError):
            replace(serial="3")
        rows.update(presented_at=now())
        with self.assertRaisesMessage(DatabaseError, "only a revoked renewal"):
            replace(serial="4")

    def test_an_edge_is_one_use_of_one_key_for_ever(self) -> None:
        changes = {"key_public_id": "'0'", "use_number": "use_number + 1", "key_name": "'x'", "enrolled_at": "NULL"}
        self.assert_kept("row is kept", f"DELETE FROM {EDGE}")
        self.assert_kept(
            "one use of one key", *(f"UPDATE {EDGE} SET {column} = {value}" for column, value in changes.items())
        )

    def test_a_deleted_edge_stays_deleted(self) -> None:
        ServiceEdge.objects.update(deleted_at=now())
        self.assert_kept("stays deleted", f"UPDATE {EDGE} SET deleted_at = NULL")
        ServiceEdge.objects.update(name="renamed", enabled=False)

    def test_neither_table_is_emptied(self) -> None:
        if connection.vendor == "postgresql":
            # Nothing may be pending, because TRUNCATE would be refused for that reason.
            self.execute("SET CONSTRAINTS ALL IMMEDIATE")
            self.assert_kept("kept", f"TRUNCATE {EDGE} CASCADE", f"TRUNCATE {CERTIFICATE}")
        else:
            columns = ", ".join(field.column for field in IssuedCertificate._meta.concrete_fields)
            self.assert_kept(
                "kept for ever", f"REPLACE INTO {CERTIFICATE} ({columns}) SELECT {columns} FROM {CERTIFICATE}"
            )

    def test_a_key_pair_belongs_to_one_edge_also_by_raw_sql(self) -> None:
        copied = [
            field.column for field in IssuedCertificate._meta.concrete_fields if field.column not in {"id", "serial"}
        ]
        columns = ", ".join(copied)
        self.assert_kept(
            "spki_sha256", f"INSERT INTO {CERTIFICATE} ({columns}, serial) SELECT {columns}, '1' FROM {CERTIFICATE}"
        )


class PresenceTests(TriggerTestCase):
    def test_every_trigger_is_there_after_migrate(self) -> None:
        names = {trigger.name for trigger in triggers.all_triggers()}
        self.assertGreaterEqual(
            names,
            {"audit_event_refuses_update", "managed_key_is_not_changed", "key_uses_never_fall", "edge_is_not_deleted"},
        )
        self.assertEqual(len(names), len(triggers.all_triggers()))
        self.assertEqual(triggers.missing(), [])

    def test_a_dropped_trigger_is_missed_and_made_again(self) -> None:
        on = "" if connection.vendor == "sqlite" else f' ON "{AUDIT}"'
        self.execute(f"DROP TRIGGER audit_event_refuses_delete{on}")
        self.assertEqual(triggers.missing(), ["audit_event_refuses_delete"])
        triggers.create_all()
        self.assertEqual(triggers.missing(), [])
        self.assert_kept(NEVER, f"DELETE FROM {AUDIT}")

    def test_a_disabled_trigger_is_missed(self) -> None:
        if connection.vendor == "postgresql":
            self.execute(f"ALTER TABLE {AUDIT} DISABLE TRIGGER audit_event_refuses_update")
            self.assertEqual(triggers.missing(), ["audit_event_refuses_update"])

    def test_making_them_again_changes_nothing(self) -> None:
        triggers.create_all()
        triggers.create_all()
        self.assertEqual(triggers.missing(), [])
