"""Across modules: support staff find records by what tools print: serials, fingerprints, UUIDs, public and request ids.

Each admin of the three apps has such a search, and each uses an index.
"""

from __future__ import annotations

from django.contrib import admin
from django.db import connection
from django.db.models import Q
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from enrollment.models import IssuedCertificate, ServiceEdge
from enrollment.operations import enroll
from keys.models import ProvisioningKey, ServiceEdgeGroup, SigningCertificate
from portal.models import AuditEvent
from tests import factories
from tests.base import PortalTestCase


def colons(digits: str) -> str:
    """Upper-case pairs with colons, as openssl prints them."""
    even = digits.rjust(len(digits) + len(digits) % 2, "0").upper()
    return ":".join(even[at : at + 2] for at in range(0, len(even), 2))


class SearchTestCase(PortalTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        cls.key, text = factories.make_key("Berlin Süd", max_uses=5)
        enroll(text, factories.make_csr(), caller=factories.EDGE)
        cls.other, other = factories.make_key("oregon", max_uses=5)
        enroll(other, factories.make_csr(), caller=factories.EDGE)
        cls.edge = ServiceEdge.objects.get(name="Berlin Süd-1")
        cls.certificate = IssuedCertificate.objects.get(edge=cls.edge)

    def setUp(self) -> None:
        self.sign_in("sam")

    def found(self, model: type, term: str) -> list[str]:
        page = self.client.get(
            reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"), {"q": term}
        )
        self.assertEqual(page.status_code, 200, term)
        return [str(row) for row in page.context["cl"].result_list]


class SupportSearchTest(SearchTestCase):
    def test_keys_by_part_of_the_name_public_id_and_edge(self) -> None:
        id_ = self.key.public_id
        shown = f"{self.key.token_head}…{self.key.token_tail}"
        terms = (
            "rlin",
            "süd BER",
            id_,
            id_[:8],
            id_.upper(),
            colons(id_),
            shown,
            shown.rpartition("|")[2],
            "Berlin Süd-1",
        )
        for term in terms:
            self.assertEqual(self.found(ProvisioningKey, term), ["Berlin Süd"], term)
        self.assertEqual(self.found(ProvisioningKey, "0" * 32), [])
        self.assertEqual(self.found(ProvisioningKey, "Berlin Süd-2"), [])

    def test_a_name_that_looks_like_a_public_id_is_found(self) -> None:
        factories.make_key("0" * 32)
        self.assertEqual(self.found(ProvisioningKey, "0" * 32), ["0" * 32])

    def test_edges_by_name_uuid_serial_fingerprint_and_key(self) -> None:
        serial, fingerprint, uuid = self.certificate.serial, self.certificate.fingerprint, self.edge.uuid
        for term in (
            "Süd-1", str(uuid), uuid.hex, str(uuid)[:8], str(uuid).upper(),
            serial, serial.upper(), colons(serial), str(int(serial, 16)), f"serial={serial.upper()}", f"0x{serial}",
            fingerprint, fingerprint[:16], colons(fingerprint), f"sha256 Fingerprint={colons(fingerprint)}",
            self.key.public_id, self.key.token_head,
        ):  # fmt: skip
            self.assertEqual(self.found(ServiceEdge, term), ["Berlin Süd-1"], term)

    def test_issued_certificates_by_serial_fingerprint_and_edge(self) -> None:
        serial, fingerprint = self.certificate.serial, self.certificate.fingerprint
        for term in (serial, colons(serial), str(int(serial, 16)), fingerprint, colons(fingerprint), "Süd-1"):
            self.assertEqual(self.found(IssuedCertificate, term), [serial], term)

    def test_signing_certificates_by_name_serial_and_fingerprint(self) -> None:
        root = SigningCertificate.objects.get(name="Root")
        for term in ("rOOt", root.serial, colons(root.serial), str(int(root.serial, 16)), colons(root.fingerprint)):
            self.assertEqual(self.found(SigningCertificate, term), ["Root"], term)

    def test_audit_events_by_request_edge_and_name(self) -> None:
        event = AuditEvent.objects.get(action="edge.enrolled", object_id=str(self.edge.uuid))
        for term in (str(self.edge.uuid), "Berlin Süd-1", "berlin s"):
            self.assertIn(str(event), self.found(AuditEvent, term), term)
        self.client.get("/service-edge-keys/")
        self.assertEqual(
            len(self.found(AuditEvent, event.request_id)),
            AuditEvent.objects.filter(request_id=event.request_id).count(),
        )

    def test_groups_by_name_and_place(self) -> None:
        factories.make_group("Straße", location="Hamburg")
        for term in ("STRASSE", "hamb"):
            self.assertEqual(self.found(ServiceEdgeGroup, term), ["Straße"], term)

    def test_a_thousand_words_are_a_search_like_any_other(self) -> None:
        self.sign_in("ada")
        for model in admin.site._registry:
            for term in ("a " * 3000, "a" * 6000, '"' * 3000):
                self.found(model, term)


class SearchUsesIndexesTest(SearchTestCase):
    """The query plan shows an index search also for a few rows, so a million rows are not scanned."""

    def plan(self, model: type, condition: Q) -> str:
        rows = model._default_manager.order_by().filter(condition)
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL enable_seqscan = off")
        return rows.explain()

    def assert_index(self, model: type, condition: Q) -> None:
        plan = self.plan(model, condition)
        table = model._meta.db_table
        scan = f"SCAN {table}" if connection.vendor == "sqlite" else f"Seq Scan on {table}"
        self.assertNotIn(scan, plan, condition)
        self.assertRegex(plan, "USING (COVERING )?INDEX|USING INTEGER PRIMARY KEY|Index", condition)
        if connection.vendor == "postgresql":
            # A whole index read is no better than the table.
            self.assertIn("Index Cond", plan, condition)

    def test_every_identifier_is_looked_up_in_an_index(self) -> None:
        terms = {
            ProvisioningKey: (self.key.public_id, self.key.public_id[:8], self.key.token_head),
            ServiceEdge: (
                self.key.public_id, self.key.token_head, str(self.edge.uuid), self.certificate.serial,
                str(int(self.certificate.serial, 16)), self.certificate.fingerprint,
            ),
            IssuedCertificate: (self.certificate.serial, self.certificate.fingerprint[:16]),
            SigningCertificate: (self.certificate.fingerprint,),
            AuditEvent: (str(self.edge.uuid), "request-1"),
        }  # fmt: skip
        for model, each in terms.items():
            for term in each:
                conditions = admin.site.get_model_admin(model).identified(term)
                self.assertTrue(conditions, (model, term))
                for condition in conditions:
                    self.assert_index(model, condition)

    def test_names_and_what_they_begin_with_are_found_in_an_index(self) -> None:
        for model in (ServiceEdge, ProvisioningKey, ServiceEdgeGroup, SigningCertificate):
            self.assert_index(model, Q(sort_name="berlin süd-1"))
            self.assert_index(model, Q(sort_name__gte="berlin", sort_name__lt="berlin\U0010ffff"))

    def test_no_list_reads_a_table_to_learn_what_to_filter_by(self) -> None:
        for model in (ProvisioningKey, ServiceEdge, IssuedCertificate, SigningCertificate, AuditEvent):
            with CaptureQueriesContext(connection) as queries:
                self.found(model, "")
            wanted = f'SELECT DISTINCT "{model._meta.db_table}"'
            self.assertEqual([query["sql"] for query in queries if query["sql"].startswith(wanted)], [], model)

    def test_an_identifier_that_nothing_has_reads_no_names(self) -> None:
        for model in (ProvisioningKey, ServiceEdge, IssuedCertificate, SigningCertificate):
            with CaptureQueriesContext(connection) as queries:
                self.assertEqual(self.found(model, "f" * 64), [])
            self.assertNotIn("LIKE", str([query["sql"] for query in queries]).upper(), model)
