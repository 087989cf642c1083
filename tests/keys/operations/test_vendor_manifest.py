"""The manifest is the only writer of managed rows: complete, repeatable, all or nothing."""

import json

from keys import errors, operations
from keys.management.commands.apply_vendor_manifest import BUILTIN
from keys.models import ProvisioningKey, ServiceEdgeGroup, SigningCertificate, VendorGate
from tests import factories
from tests.base import PortalTestCase
from tests.factories import ACTOR


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
