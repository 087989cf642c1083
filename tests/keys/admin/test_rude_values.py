"""Support forms and lists answer rubbish with an error at the field, never with a 500."""

from keys.models import ProvisioningKey, ServiceEdgeGroup
from tests import factories
from tests.base import PortalTestCase

RUDE = ("", "abc", "-1", "9" * 40, "9223372036854775808", "x\0y", "null", "NaN", "[1]", "{}", "<script>", "a" * 5000)


class RudeValuesTest(PortalTestCase):
    def setUp(self) -> None:
        self.key, _ = factories.make_key("berlin", max_uses=5)
        self.sign_in("ada")

    def test_key_fields(self) -> None:
        sound = {
            "max_uses": "1",
            "group": str(self.key.group_id),
            "signing_certificate": str(self.key.signing_certificate_id),
            "enabled": "on",
            "allowed_networks": "[]",
        }
        for field in ("max_uses", "group", "signing_certificate", "expires_at_0", "allowed_networks", "opened_version"):
            for number, value in enumerate(RUDE):
                data = {"name": f"{field} {number}", **sound, field: value}
                for path in ("add/", f"{self.key.pk}/change/"):
                    status = self.client.post(f"/admin/keys/provisioningkey/{path}", data).status_code
                    self.assertIn(status, (200, 302), (field, value[:20], path))
        self.assertFalse(ProvisioningKey.objects.exclude(allowed_networks=[]).exists())

    def test_group_fields(self) -> None:
        sound = {
            "is_public": "FALSE",
            "version_profile": "0",
            "upgrade_day": "SUNDAY",
            "upgrade_seconds": "0",
            "grace_distance_unit": "MILES",
            "trusted_networks": "[]",
        }
        for field in ("trusted_networks", "upgrade_seconds", "latitude", "grace_distance", "country_code"):
            for number, value in enumerate(RUDE):
                data = {"name": f"{field} {number}", **sound, field: value}
                status = self.client.post("/admin/keys/serviceedgegroup/add/", data).status_code
                self.assertIn(status, (200, 302), (field, value[:20]))
        self.assertFalse(ServiceEdgeGroup.objects.exclude(trusted_networks=[]).exists())

    def test_lists(self) -> None:
        for page in ("keys/provisioningkey", "keys/serviceedgegroup", "keys/signingcertificate", "portal/auditevent"):
            for value in RUDE:
                for parameter in ("q", "p", "o"):
                    status = self.client.get(f"/admin/{page}/", {parameter: value}).status_code
                    self.assertIn(status, (200, 302), (page, parameter, value[:20]))
