"""The manifest is the only writer of managed rows: complete, repeatable, all or nothing."""

import json
import tempfile

from django.core.management import CommandError, call_command

from keys import errors, operations
from keys.management.commands.apply_vendor_manifest import BUILTIN
from keys.models import ProvisioningKey, ServiceEdgeGroup, SigningCertificate, VendorGate
from portal.models import AuditEvent
from tests import factories
from tests.base import PortalTestCase
from tests.factories import ACTOR


def nested(depth: int) -> list:
    value: list = []
    for _ in range(depth):
        value = [value]
    return value


class ManifestTest(PortalTestCase):
    def test_the_builtin_manifest_makes_the_four_preloaded_certificates_once(self) -> None:
        document = json.loads(BUILTIN.read_text())
        self.assertEqual(operations.apply_manifest(document, actor=ACTOR), 4)
        self.assertEqual(operations.apply_manifest(document, actor=ACTOR), 0)
        root = SigningCertificate.objects.get(name="Root")
        self.assertEqual(
            {(c.name, c.parent_id, c.managed, c.key_type) for c in SigningCertificate.objects.all()},
            {("Root", None, True, "EC P-256")}
            | {(name, root.pk, True, "EC P-256") for name in ("Client", "Connector", "Service Edge")},
        )

    def test_root_lives_30_years_and_the_others_15(self) -> None:
        factories.preload()
        years = {c.name: round((c.not_after - c.not_before).days / 365.25) for c in SigningCertificate.objects.all()}
        self.assertEqual(years, {"Root": 30, "Client": 15, "Connector": 15, "Service Edge": 15})

    def test_the_gate_is_closed_afterwards_even_when_the_manifest_fails(self) -> None:
        factories.preload()
        with self.assertRaises(errors.Invalid):
            operations.apply_manifest({"keys": [{"name": "x", "group": "missing", "max_uses": 1}]}, actor=ACTOR)
        self.assertFalse(VendorGate.objects.filter(open=True).exists())

    def test_it_is_all_or_nothing(self) -> None:
        factories.preload()
        document = {"groups": [{"name": "Cloud"}], "keys": [{"name": "x", "group": "missing", "max_uses": 1}]}
        with self.assertRaises(errors.Invalid):
            operations.apply_manifest(document, actor=ACTOR)
        self.assertFalse(ServiceEdgeGroup.objects.exists())

    def test_applying_again_brings_a_key_up_to_date_and_keeps_its_text(self) -> None:
        parts = {"groups": [{"name": "Cloud"}], "keys": [{"name": "vendor", "group": "Cloud", "max_uses": 2}]}
        factories.make_managed(**parts)
        before = ProvisioningKey.objects.get()
        parts["keys"][0]["max_uses"] = 5
        factories.make_managed(**parts)
        after = ProvisioningKey.objects.get()
        self.assertEqual((after.max_uses, after.version), (5, 2))
        self.assertEqual(bytes(after.fingerprint), bytes(before.fingerprint))

    def test_a_name_of_ours_is_not_taken_over(self) -> None:
        factories.make_group("Cloud")
        with self.assertRaisesMessage(errors.Invalid, "not managed by the vendor"):
            factories.make_managed(groups=[{"name": "Cloud", "description": "theirs now"}])

    def test_entries_that_make_no_sense_are_refused(self) -> None:
        factories.preload()
        for document in [
            [],
            {"edges": []},
            {"groups": [{"name": "x", "latitude": 5}]},
            {"groups": [{"name": "x", "enabled": None}]},
            {"groups": [{"name": "x", "trusted_networks": {"a": 1}}]},
            {"groups": [{"name": "x", "upgrade_day": "NEVER"}]},
            {"groups": [{"name": "x", "id": 7}]},
            {"groups": [{"name": "x", "version": 7}]},
            {"groups": [{"name": "x"}], "keys": [{"name": "x", "group": "x", "max_uses": 1.5}]},
            {"keys": {"name": "x"}},
            {"keys": ["x"]},
            {"keys": [{"name": 1}]},
            {"groups": [{"name": "x"}], "keys": [{"name": "x", "group": "x", "max_uses": "many"}]},
            {"groups": [{"name": "x"}], "keys": [{"name": "x", "group": "x", "max_uses": 0}]},
            {"groups": [{"name": "x"}], "keys": [{"name": "x", "group": "x", "max_uses": 10**30}]},
            {"certificates": [{"name": "x", "years": "ten"}]},
            {"certificates": [{"name": "x", "years": 10**9}]},
            {"certificates": [{"name": "x", "years": 1, "key_type": "DSA"}]},
            {"keys": [{"name": "x"}]},
            {"groups": [{"name": "bad/name"}]},
            {"groups": [{"name": "x", "no_such_field": 1}]},
            {"keys": [{"name": "x", "group": "x", "max_uses": 1, "signing_certificate": "none"}]},
        ]:
            with self.assertRaises(errors.Invalid, msg=str(document)):
                operations.apply_manifest(document, actor=ACTOR)

    def test_a_reference_that_no_record_can_have_is_refused_with_the_name_of_its_entry(self) -> None:
        factories.make_managed(groups=[{"name": "Cloud"}], keys=[{"name": "old", "group": "Cloud", "max_uses": 1}])
        factories.make_managed(certificates=[{"name": "old", "years": 1}])
        for name in ("new", "old"):
            for value in ("\ud800", "a\0", "", "missing", 7, None, True, ["Cloud"], {}, nested(900)):
                key, certificate = {"name": name, "group": "Cloud", "max_uses": 1}, {"name": name, "years": 1}
                for document in (
                    {"keys": [key | {"group": value}]},
                    {"keys": [key | {"signing_certificate": value}]},
                    {"certificates": [certificate | {"parent": value}]},
                ):
                    with self.subTest(name=name, document=str(document)[:80]):
                        self.assert_refused(document, f"Entry {name!r}: ")

    def test_a_refused_name_of_a_field_can_be_printed(self) -> None:
        for document in ({"\ud800": []}, *({part: [{"name": "x", "\ud800": 1}]} for part in ("keys", "groups"))):
            with self.subTest(document=document), self.assertRaises(errors.Invalid) as refused:
                operations.apply_manifest(document, actor=ACTOR)
            self.assertIn(r"\ud800.", str(refused.exception).encode().decode())

    def test_values_that_a_record_keeps_are_judged_too(self) -> None:
        factories.make_managed(
            groups=[{"name": "Cloud"}],
            keys=[{"name": "k", "group": "Cloud", "max_uses": 1}],
            certificates=[{"name": "c", "years": 1}],
        )
        key, certificate = {"name": "k", "max_uses": 1}, {"name": "c"}
        for document in (
            {"keys": [{"name": "k"}]},
            {"keys": [key | {"viewable": "yes"}]},
            {"keys": [key | {"viewable": None}]},
            *({"certificates": [certificate | {"years": years}]} for years in ("ten", 0, -1, 1e-9, True, None, [])),
            *({"certificates": [certificate | {"key_type": value}]} for value in ("DSA", "", None, 7, [])),
        ):
            with self.subTest(document=document):
                self.assert_refused(document, f"Entry {'k' if 'keys' in document else 'c'!r}")

    def test_what_a_record_keeps_is_accepted_when_it_is_well_formed(self) -> None:
        factories.make_managed(groups=[{"name": "Cloud"}, {"name": "Other"}], certificates=[{"name": "c", "years": 1}])
        factories.make_managed(keys=[{"name": "k", "group": "Cloud", "max_uses": 1}])
        key = {"name": "k", "group": "Other", "signing_certificate": "Root", "viewable": False, "max_uses": 1}
        certificates = [{"name": "c", "years": 2, "key_type": "EC P-384", "parent": "Root"}, {"name": "c"}]
        self.assertEqual(operations.apply_manifest({"keys": [key], "certificates": certificates}, actor=ACTOR), 0)
        stored = ProvisioningKey.objects.get(name="k")
        self.assertEqual((stored.group.name, stored.signing_certificate.name, stored.viewable),
                         ("Cloud", "Service Edge", True))  # fmt: skip

    def test_years_that_are_less_than_a_day_are_refused(self) -> None:
        for years in (1e-9, 0.001, float("nan"), float("inf")):
            with self.subTest(years=years):
                self.assert_refused({"certificates": [{"name": "c", "years": years}]}, "Entry 'c': years is a number")

    def test_deep_nesting_is_refused(self) -> None:
        for document in (
            {"groups": [{"name": "g", "trusted_networks": nested(50_000)}]},
            {"groups": [{"name": nested(50_000)}]},
            {"groups": [{"name": "g", "trusted_networks": nested(900)}]},
        ):
            with self.assertRaises(errors.Invalid):
                operations.apply_manifest(document, actor=ACTOR)
        for text in ("[" * 100_000, '{"groups": ' * 100_000, "[" * 900 + "]" * 900):
            with self.subTest(text=text[:20]), tempfile.NamedTemporaryFile("w") as file:
                file.write(text)
                file.flush()
                with self.assertRaises(CommandError) as refused:
                    call_command("apply_vendor_manifest", file=file.name)
                self.assertTrue(str(refused.exception).startswith(f"{file.name}: "))
                self.assertLess(len(str(refused.exception)), 200)

    def assert_refused(self, document: dict, beginning: str) -> None:
        """Nothing is stored, and the sentence names the entry."""
        before = self.stored()
        with self.assertRaises(errors.Invalid) as refused:
            operations.apply_manifest(document, actor=ACTOR)
        self.assertTrue(str(refused.exception).startswith(beginning), str(refused.exception)[:100])
        self.assertEqual(self.stored(), before)

    @staticmethod
    def stored() -> list:
        models = (ProvisioningKey, ServiceEdgeGroup, SigningCertificate, AuditEvent)
        return [list(model.objects.order_by("pk").values()) for model in models]
