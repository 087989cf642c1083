"""Across modules: the database itself refuses what no form and no operation lets through, one test for each rule.

The statements are raw SQL, for all models of keys.
"""

from datetime import timedelta

from django.db import IntegrityError, connection, transaction
from django.db.models import F

from keys.models import ProvisioningKey, ServiceEdgeGroup, SigningCertificate
from keys.models.provisioning_key import MOST_USES
from portal.database import violated_rule
from tests import factories
from tests.base import PortalTestCase
from tests.keys.base import make_certificate

PENDING = {
    "der": None, "serial": None, "fingerprint": None, "not_before": None, "not_after": None, "issuer": "",
    "request": b"a request", "enabled": False,
}  # fmt: skip


class RuleTestCase(PortalTestCase):
    def assert_rule(self, rule: str, queryset, **values) -> None:
        with self.assertRaises(IntegrityError) as refused, transaction.atomic():
            queryset.update(**values)
        self.assertEqual(violated_rule(refused.exception, queryset.model), rule)

    def assert_trigger(self, message: str, act) -> None:
        with self.assertRaisesMessage(IntegrityError, message), transaction.atomic():
            act()


class KeyRulesTest(RuleTestCase):
    def setUp(self) -> None:
        self.key, _ = factories.make_key("berlin", max_uses=3)
        self.keys = ProvisioningKey.objects.filter(pk=self.key.pk)

    def test_key_name_is_unique(self) -> None:
        factories.make_key("oregon")
        self.assert_rule("key_name_is_unique", self.keys, sort_name="oregon")

    def test_key_max_uses_is_in_range(self) -> None:
        for limit in [0, -1, MOST_USES + 1, 10**12]:
            self.assert_rule("key_max_uses_is_in_range", self.keys, max_uses=limit)

    def test_key_uses_stay_within_max(self) -> None:
        self.assert_rule("key_uses_stay_within_max", self.keys, uses=4)
        self.keys.update(uses=2)
        self.assert_rule("key_uses_stay_within_max", self.keys, max_uses=1)

    def test_key_token_is_stored_iff_viewable(self) -> None:
        self.assert_rule("key_token_is_stored_iff_viewable", self.keys, viewable=False)
        self.assert_rule("key_token_is_stored_iff_viewable", self.keys, sealed_token=None)
        self.assert_rule("key_token_is_stored_iff_viewable", self.keys, sealed_with=None)

    def test_uses_never_fall(self) -> None:
        self.keys.update(uses=2)
        self.assert_trigger("uses never fall", lambda: self.keys.update(uses=F("uses") - 1))

    def test_a_hidden_key_stays_hidden(self) -> None:
        sealed = bytes(self.key.sealed_token)
        self.keys.update(viewable=False, sealed_token=None, sealed_with=None)
        self.assert_trigger(
            "a key that is not viewable stays so",
            lambda: self.keys.update(viewable=True, sealed_token=sealed, sealed_with="test"),
        )

    def test_the_public_id_and_the_pin_are_fixed(self) -> None:
        for values in ({"public_id": "0" * 32}, {"pin": "0" * 64}):
            self.assert_trigger("never change", lambda values=values: self.keys.update(**values))

    def test_group_and_certificate_of_a_key_cannot_disappear(self) -> None:
        key, _ = factories.make_key(signing_certificate=make_certificate("Own CA"))
        for model in (ServiceEdgeGroup, SigningCertificate):
            with self.assertRaises(IntegrityError), transaction.atomic():
                model.objects.filter(keys=key.pk)._raw_delete("default")
                connection.check_constraints()


class GroupRulesTest(RuleTestCase):
    def setUp(self) -> None:
        self.groups = ServiceEdgeGroup.objects.filter(pk=factories.make_group("Berlin").pk)

    def test_group_name_is_unique(self) -> None:
        factories.make_group("Oregon")
        self.assert_rule("group_name_is_unique", self.groups, sort_name="oregon")

    def test_group_has_both_coordinates_or_none(self) -> None:
        rule = "group_has_both_coordinates_or_none"
        self.assert_rule(rule, self.groups, latitude=52)
        self.assert_rule(rule, self.groups, longitude=13)
        self.assert_rule(rule, self.groups, latitude=91, longitude=0)
        self.assert_rule(rule, self.groups, latitude=0, longitude=181)
        self.groups.update(latitude=-90, longitude=180)

    def test_group_upgrades_at_a_quarter_hour(self) -> None:
        for seconds in [1, 899, 86_400]:
            self.assert_rule("group_upgrades_at_a_quarter_hour", self.groups, upgrade_seconds=seconds)
        self.groups.update(upgrade_seconds=85_500)

    def test_group_override_has_a_distance(self) -> None:
        self.assert_rule("group_override_has_a_distance", self.groups, grace_distance_enabled=True)

    def test_group_distance_is_on_earth(self) -> None:
        self.assert_rule("group_distance_is_on_earth", self.groups, grace_distance="25000.01")
        self.groups.update(grace_distance="40233.60", grace_distance_unit="KMS")

    def test_group_country_is_two_letters(self) -> None:
        for country in ["D", "de", "1A"]:
            self.assert_rule("group_country_is_two_letters", self.groups, country_code=country)


class CertificateRulesTest(RuleTestCase):
    def setUp(self) -> None:
        self.record = make_certificate("Own CA")
        self.other = make_certificate("Other CA")
        self.rows = SigningCertificate.objects.filter(pk=self.record.pk)

    def test_certificate_name_is_unique(self) -> None:
        self.assert_rule("certificate_name_is_unique", self.rows, sort_name="other ca")

    def test_certificate_serial_is_unique_per_issuer(self) -> None:
        self.assert_rule(
            "certificate_serial_is_unique_per_issuer", self.rows, issuer=self.other.issuer, serial=self.other.serial
        )

    def test_certificate_ends_after_it_begins(self) -> None:
        end = self.record.not_before - timedelta(seconds=1)
        self.assert_rule("certificate_ends_after_it_begins", self.rows, not_after=end)

    def test_certificate_names_its_keyring_iff_sealed(self) -> None:
        self.assert_rule("certificate_names_its_keyring_iff_sealed", self.rows, sealed_with=None)

    def test_certificate_is_stored_once(self) -> None:
        self.assert_rule("certificate_is_stored_once", self.rows, fingerprint=self.other.fingerprint)

    def test_certificate_is_pending_or_complete(self) -> None:
        rule = "certificate_is_pending_or_complete"
        for column in ("der", "serial", "fingerprint", "not_before", "not_after"):
            self.assert_rule(rule, self.rows, **{column: None})
        self.assert_rule(rule, self.rows, request=b"a request")
        self.assert_rule(rule, self.rows, **{**PENDING, "enabled": True})
        self.assert_rule(rule, self.rows, **{**PENDING, "sealed_private_key": None, "sealed_with": None})
        self.rows.update(**PENDING)
        self.assert_rule(rule, self.rows, enabled=True)

    def test_a_key_is_signed_with_a_certificate_that_can(self) -> None:
        key, _ = factories.make_key("berlin", signing_certificate=self.other)
        for values in (PENDING, {"sealed_private_key": None, "sealed_with": None}):
            with self.subTest(values=sorted(values)), transaction.atomic():
                self.rows.update(**values)
                keys = ProvisioningKey.objects.filter(pk=key.pk)
                self.assert_trigger(
                    "the signing certificate of a key", lambda keys=keys: keys.update(signing_certificate=self.record)
                )
                transaction.set_rollback(True)


class ManagedRowsTest(RuleTestCase):
    def setUp(self) -> None:
        factories.make_managed(groups=[{"name": "Cloud"}], keys=[{"name": "vendor", "group": "Cloud", "max_uses": 2}])

    def test_e02_nobody_changes_or_deletes_a_managed_row(self) -> None:
        message = "rows managed by the vendor are read only"
        for model in (ProvisioningKey, ServiceEdgeGroup, SigningCertificate):
            rows = model.objects.filter(managed=True)
            for values in [{"name": "x"}, {"enabled": False}, {"managed": False}, {"version": 9}]:
                self.assert_trigger(message, lambda rows=rows, values=values: rows.update(**values))
            self.assert_trigger(message, lambda rows=rows: rows._raw_delete("default"))

    def test_e02_nobody_makes_a_row_managed(self) -> None:
        message = "rows managed by the vendor are read only"
        group = factories.make_group("ours")
        self.assert_trigger(message, lambda: ServiceEdgeGroup.objects.filter(pk=group.pk).update(managed=True))
        self.assert_trigger(message, lambda: ServiceEdgeGroup.objects.create(name="theirs", managed=True))

    def test_machines_may_count_uses_and_the_keyring_may_rotate(self) -> None:
        rows = ProvisioningKey.objects.filter(managed=True)
        self.assertEqual(rows.update(uses=1, last_used_by="vendor-1", sealed_with="other"), 1)
        self.assertEqual(SigningCertificate.objects.filter(name="Root").update(sealed_with="other"), 1)
