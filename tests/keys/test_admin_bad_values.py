"""Across modules: forms and lists under /admin/ answer bad values with an error at the field, never with a 500.

Beside keys/admin.py, the classes of portal/admin_base.py and Django's own lists take part.
"""

import pytest

from keys.models import ProvisioningKey, ServiceEdgeGroup
from tests import factories
from tests.base import PortalTestCase

RUDE = (
    "", "abc", "-1", "9" * 40, "9223372036854775808", "x\0y", "null", "NaN", "[1]", "{}", "<script>", "a" * 5000,
    "9" * 5000, "[" * 900 + "]" * 900, '["fe80::%\\ud800/64"]', '["\\u0000"]', '["\\ud800"]', "9999-12-31",
)  # fmt: skip
# Django's own admin lets an address look into any column; ours admits a list's filters alone.
LOOKUPS = (
    "fingerprint=abc", "sealed_token__gt=a", "name__regex=(", "name=%00", "created_at__year=99999999999",
    "allowed_networks__contains=x", "detail__contains=x", "client_ip=x", "once=%00", "serial=%00", "der=abc",
    "sealed_private_key=abc", "enrolled_from__contains=%00", "uuid__startswith=%00", "password__startswith=a",
    "_to_field=x",
)  # fmt: skip
# Of filters that some lists have.
VALUES = ("enabled__exact=%00", "use_state__exact=%00", "managed__exact=abc")
PAGES = (
    "keys/provisioningkey", "keys/serviceedgegroup", "keys/signingcertificate", "portal/auditevent", "auth/user",
    "enrollment/serviceedge", "enrollment/issuedcertificate",
)  # fmt: skip


class RudeValuesTest(PortalTestCase):
    key: ProvisioningKey

    @classmethod
    def setUpTestData(cls) -> None:
        cls.key, _ = factories.make_key("berlin", max_uses=5)

    def setUp(self) -> None:
        self.sign_in("ada")

    def test_key_fields(self) -> None:
        sound = {
            "max_uses": "1",
            "group": str(self.key.group_id),
            "signing_certificate": str(self.key.signing_certificate_id),
            "enabled": "on",
            "allowed_networks": "[]",
        }
        fields = ("max_uses", "group", "signing_certificate", "expires_at", "allowed_networks", "opened_version")
        for path in ("add/", f"{self.key.pk}/change/"):
            self.assert_forms_answer(f"/admin/keys/provisioningkey/{path}", sound, fields)
        self.assertFalse(ProvisioningKey.objects.exclude(allowed_networks=[]).exists())
        self.assert_the_keys_page_shows_what_was_saved()

    def test_group_fields(self) -> None:
        sound = {
            "is_public": "FALSE",
            "version_profile": "0",
            "upgrade_day": "SUNDAY",
            "upgrade_seconds": "0",
            "grace_distance_unit": "MILES",
            "trusted_networks": "[]",
        }
        fields = ("trusted_networks", "upgrade_seconds", "latitude", "grace_distance", "country_code")
        self.assert_forms_answer("/admin/keys/serviceedgegroup/add/", sound, fields)
        # A name of a network may be any text; nothing else is stored.
        for names in ServiceEdgeGroup.objects.values_list("trusted_networks", flat=True):
            self.assertTrue(all(isinstance(name, str) and "\0" not in name for name in names), names)
        self.assert_the_keys_page_shows_what_was_saved()

    def test_lists_searched(self) -> None:
        for page in PAGES:
            for value in RUDE:
                self.assert_list_answers(page, q=value)

    # Django compares these numbers with the pages and columns that there are: they never reach the database.
    @pytest.mark.once
    def test_lists_at_a_page_and_in_an_order(self) -> None:
        for page in PAGES:
            for value in RUDE:
                # Instead of a page that there is not the first one is shown, of which the order is asked too.
                if self.assert_list_answers(page, p=value, o=value) == 302:
                    self.assertEqual(self.assert_list_answers(page, o=value), 200)

    def assert_list_answers(self, page: str, **query: str) -> int:
        status = self.client.get(f"/admin/{page}/", query).status_code
        self.assertIn(status, (200, 302), (page, query))
        return status

    def assert_forms_answer(self, address: str, sound: dict[str, str], fields: tuple[str, ...]) -> None:
        """Each value in all fields at once, then alone where a field accepts it, for it may reach an operation.

        One value that no field accepts is sent alone to each, beside sound values.
        """
        for number, value in enumerate(RUDE):
            response = self.client.post(address, {"name": f"all {number}", **dict.fromkeys(fields, value)})
            self.assertEqual(response.status_code, 200, value[:20])
            errors = response.context["adminform"].form.errors
            for field in fields:
                if field not in errors or value == "abc":
                    data = {"name": f"{field} {number}", **sound, field: value}
                    self.assertIn(self.client.post(address, data).status_code, (200, 302), (field, value[:20]))

    # What is refused never reaches the database.
    @pytest.mark.once
    def test_lookups_that_are_no_filter_are_refused(self) -> None:
        self.assert_refused(LOOKUPS)

    def test_values_that_no_filter_has_are_refused(self) -> None:
        self.assert_refused(VALUES)

    def assert_refused(self, lookups: tuple[str, ...]) -> None:
        for page in PAGES:
            for lookup in lookups:
                status = self.client.get(f"/admin/{page}/?{lookup}").status_code
                self.assertIn(status, (302, 400), (page, lookup))

    def test_the_filters_that_are_shown_work(self) -> None:
        for lookup in ("use_state__exact=unused", "enabled__exact=1", "managed__exact=0", "viewable__exact=1"):
            self.assertContains(self.client.get(f"/admin/keys/provisioningkey/?{lookup}"), "berlin", msg_prefix=lookup)
        for lookup in ("outcome__exact=success", "action__exact=key.created", "interface__exact=command"):
            self.assertContains(self.client.get(f"/admin/portal/auditevent/?{lookup}"), "berlin", msg_prefix=lookup)
        self.assertEqual(self.client.get("/admin/auth/user/?groups__id__exact=1&is_active__exact=1").status_code, 200)

    def test_an_address_fills_no_form_in(self) -> None:
        rubbish = "?allowed_networks=x&expires_at=x&group=x&trusted_networks=x&groups=x"
        for page in ("keys/provisioningkey", "keys/serviceedgegroup", "auth/user"):
            self.assertEqual(self.client.get(f"/admin/{page}/add/{rubbish}").status_code, 200, page)

    def test_no_address_completes_what_is_typed(self) -> None:
        where = "app_label=keys&model_name=provisioningkey&field_name=group"
        self.assertEqual(self.client.get(f"/admin/autocomplete/?{where}&term=b").status_code, 404)

    def assert_the_keys_page_shows_what_was_saved(self) -> None:
        self.assertEqual(self.client.get("/service-edge-keys/?per_page=100&expand=all").status_code, 200)
