"""Support pages of keys: the same operations, the same read-only rows, never a text."""

from datetime import timedelta

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from enrollment.operations import enroll
from keys.models import ProvisioningKey, SigningCertificate
from portal.models import AuditEvent
from tests import factories
from tests.base import PortalTestCase
from tests.keys.base import generated, requested
from tests.support.html import parsed, the

KEYS = "/admin/keys/provisioningkey/"


def form(key: ProvisioningKey, **changes: object) -> dict[str, object]:
    """The fields of the change form as a browser would send them."""
    return {
        "name": key.name,
        "max_uses": key.max_uses,
        "signing_certificate": key.signing_certificate_id,
        "enabled": "on",
        "allowed_networks": "[]",
        "opened_version": key.version,
        **changes,
    }


class KeyAdminTest(PortalTestCase):
    def setUp(self) -> None:
        self.key, self.text = factories.make_key("berlin", max_uses=3)
        self.sign_in("ada")
        self.change = f"{KEYS}{self.key.pk}/change/"

    def test_no_page_shows_the_text_or_what_is_sealed(self) -> None:
        for path in (KEYS, self.change, f"{KEYS}{self.key.pk}/history/", f"{KEYS}{self.key.pk}/delete/"):
            body = self.client.get(path).content.decode()
            self.assertNotIn(self.text[60:76], body, path)
            self.assertNotIn(bytes(self.key.sealed_token).hex()[:32], body, path)
            self.assertNotIn(bytes(self.key.fingerprint).hex()[:16], body, path)

    def test_support_sees_no_part_of_the_text(self) -> None:
        self.assertContains(self.client.get(self.change), self.key.token_tail)
        self.sign_in("sam")
        self.assertNotContains(self.client.get(self.change), self.key.token_tail)

    def test_a_key_is_added_through_the_operation_and_is_viewable(self) -> None:
        data = {
            "name": "oregon",
            "max_uses": 5,
            "group": self.key.group_id,
            "signing_certificate": self.key.signing_certificate_id,
            "enabled": "on",
            "allowed_networks": "[]",
            "viewable": "",
        }
        response = self.client.post(f"{KEYS}add/", data)
        self.assertEqual(response.status_code, 302)
        key = ProvisioningKey.objects.get(name="oregon")
        self.assertTrue(key.viewable)
        event = AuditEvent.objects.filter(action="key.created").latest("id")
        self.assertEqual((event.object_name, event.actor_name, event.interface), ("oregon", "ada", "support"))

    def test_a_group_is_named_as_on_the_portals_own_page(self) -> None:
        page = self.client.get(f"{KEYS}add/")
        field = the(page, "#id_group")
        self.assertEqual((field["list"], field["data-suggest"]), ("groups", "/service-edge-keys/groups/"))
        self.assertEqual([each["value"] for each in parsed(page).select("#groups option")], [self.key.group.name])
        data = form(self.key, group=self.key.group.name.upper())
        self.assertEqual(self.client.post(f"{KEYS}add/", {**data, "name": "by name"}).status_code, 302)
        self.assertEqual(ProvisioningKey.objects.get(name="by name").group, self.key.group)
        for typed, error in (("nowhere", "There is no group of this name or id."), ("", "Choose a group.")):
            page = self.client.post(f"{KEYS}add/", {**data, "name": "nowhere", "group": typed})
            self.assertIn(error, page.context["adminform"].form.errors["group"][0])

    def test_the_certificates_are_those_that_can_sign_and_the_one_it_has(self) -> None:
        requested("Pending")
        generated("Other")
        own = generated("Own")
        key, _ = factories.make_key("own", signing_certificate=own)
        SigningCertificate.objects.filter(pk=own.pk).update(enabled=False)
        for path, has_own, selected in (
            ("add/", False, self.key.signing_certificate),
            (f"{key.pk}/change/", True, own),
        ):
            options = parsed(self.client.get(f"{KEYS}{path}")).select("#id_signing_certificate option")
            labels = {option.get_text().partition(" (")[0] for option in options}
            self.assertEqual(("Other" in labels, "Own" in labels, "Pending" in labels), (True, has_own, False))
            self.assertEqual([each["value"] for each in options if each.has_attr("selected")], [str(selected.pk)])

    def test_an_edit_goes_through_the_operation(self) -> None:
        self.assertEqual(self.client.post(self.change, form(self.key, max_uses=9)).status_code, 302)
        self.key.refresh_from_db()
        self.assertEqual((self.key.max_uses, self.key.version), (9, 2))
        self.assertEqual(AuditEvent.objects.get(action="key.limit_raised").detail, {"max_uses": ["3", "9"]})

    def test_an_edit_keeps_the_seconds_of_an_expiry_that_is_not_changed(self) -> None:
        for moment in (timezone.now() + timedelta(days=3), timezone.now() - timedelta(days=3)):
            ProvisioningKey.objects.update(expires_at=moment, enabled=True)
            self.key.refresh_from_db()
            with self.subTest(moment):
                shown = str(the(self.client.get(self.change), "#id_expires_at")["value"])
                response = self.client.post(self.change, form(self.key, enabled="", expires_at=shown))
                self.assertEqual(response.status_code, 302)
                self.key.refresh_from_db()
                self.assertEqual((self.key.enabled, self.key.expires_at), (False, moment))

    def test_all_that_is_wrong_is_shown_at_once(self) -> None:
        data = form(self.key, max_uses="many", expires_at="2001-01-01T00:00")
        page = self.client.post(self.change, data)
        self.assertEqual(set(page.context["adminform"].form.errors), {"max_uses", "expires_at"})

    def test_the_use_of_a_key_is_shown_in_the_words_of_its_filter(self) -> None:
        self.assertContains(self.client.get(self.change), '<div class="readonly">Never used</div>', html=True)

    def test_lists_have_one_text_a_line(self) -> None:
        networks, group = ["192.0.2.0/24", "2001:db8::/32"], self.key.group
        ProvisioningKey.objects.filter(pk=self.key.pk).update(allowed_networks=networks)
        self.assertEqual(the(self.client.get(self.change), "[name=allowed_networks]").text.strip(), "\n".join(networks))
        for sent in ("10.0.0.0/8\r\n\r\n::1/128", '["10.0.0.0/8", "::1/128"]'):
            ProvisioningKey.objects.filter(pk=self.key.pk).update(allowed_networks=networks)
            self.key.refresh_from_db()
            self.client.post(self.change, form(self.key, allowed_networks=sent))
            self.key.refresh_from_db()
            self.assertEqual(self.key.allowed_networks, ["10.0.0.0/8", "::1/128"])
        page = self.client.post(self.change, form(self.key, allowed_networks="10.0.0.0/8\neverywhere"))
        self.assertContains(page, "Line 2 is not a network")
        self.client.post(self.change, form(self.key, allowed_networks="10.0.0.0/8\r\n::1/128"))
        self.assertEqual(ProvisioningKey.objects.get(pk=self.key.pk).allowed_networks, self.key.allowed_networks)
        ProvisioningKey.objects.filter(pk=self.key.pk).update(allowed_networks=networks)
        self.sign_in("sam")
        for address, field, shown in (
            (self.change, "allowed_networks", "192.0.2.0/24<br>2001:db8::/32"),
            (f"/admin/keys/serviceedgegroup/{group.pk}/change/", "trusted_networks", "-"),
        ):
            row = the(self.client.get(address), f".field-{field} .readonly")
            self.assertEqual(row.decode_contents().replace("<br/>", "<br>"), shown)

    def test_a_different_root_takes_a_tick_and_is_warned_of(self) -> None:
        enroll(self.text, factories.make_csr(), caller=factories.EDGE)
        own, other = self.key.signing_certificate_id, generated("Other").pk
        self.assertEqual(parsed(self.client.get(self.change)).select("[name=different_root]"), [])
        asked = self.client.post(self.change, form(self.key, signing_certificate=other))
        self.assertContains(asked, "“Other” has a different root from “Service Edge”.")
        self.assertEqual(len(parsed(asked).select("input[type=checkbox][name=different_root]")), 1)
        self.key.refresh_from_db()
        self.assertEqual(self.key.signing_certificate_id, own)
        self.client.post(self.change, form(self.key, signing_certificate=other, different_root="on"))
        page = self.client.get(KEYS)
        for words in ("The key now signs below a different root.", "1 edge holds a certificate below the old root"):
            self.assertContains(page, words)
        self.assertContains(
            page, '<td class="field-state"><span class="state danger">Different root</span></td>', html=True
        )
        self.key.refresh_from_db()
        self.client.post(self.change, form(self.key, signing_certificate=own, different_root="on"))
        page = self.client.get(KEYS)
        self.assertContains(page, "The key texts pin this root")
        self.assertNotContains(page, "1 edge holds")

    def test_the_state_is_a_column_a_field_and_a_filter(self) -> None:
        ProvisioningKey.objects.filter(pk=self.key.pk).update(enabled=False)
        self.assertContains(
            self.client.get(self.change),
            '<div class="readonly"><span class="state off">Disabled</span></div>',
            html=True,
        )
        found = '<td class="field-state"><span class="state off">Disabled</span></td>'
        for state, is_found in (("disabled", True), ("ready", False)):
            page = self.client.get(f"{KEYS}?state={state}").content.decode()
            self.assertEqual(found in page, is_found)
        self.assertEqual(self.client.get(f"{KEYS}?state=unknown").status_code, 302)

    def test_the_list_reads_nothing_for_a_single_row(self) -> None:
        self.client.get(KEYS)
        with CaptureQueriesContext(connection) as of_one:
            self.client.get(KEYS)
        for name in ("lima", "oregon"):
            factories.make_key(name)
        with self.assertNumQueries(len(of_one)):
            self.client.get(KEYS)

    def test_a_maximum_below_the_count_is_a_field_error(self) -> None:
        ProvisioningKey.objects.filter(pk=self.key.pk).update(uses=2)
        response = self.client.post(self.change, form(self.key, max_uses=1))
        self.assertContains(response, "2 edges already used this key; the smallest allowed value is 2.")

    def test_a_stale_form_is_explained_and_keeps_what_was_typed(self) -> None:
        self.client.post(self.change, form(self.key, max_uses=9))
        response = self.client.post(self.change, form(self.key, name="renamed"))
        self.assertContains(response, "ada changed this after you opened it.")
        self.assertContains(response, 'value="renamed"')

    def test_deleting_goes_through_the_operation(self) -> None:
        self.client.post(f"{KEYS}{self.key.pk}/delete/", {"post": "yes"})
        self.assertFalse(ProvisioningKey.objects.exists())
        self.assertTrue(AuditEvent.objects.filter(action="key.deleted", object_name="berlin").exists())

    def test_it_is_found_by_name_and_by_public_id(self) -> None:
        factories.make_key("oregon")
        for words in ("berl", self.key.public_id, self.key.public_id[:8]):
            self.assertEqual(list(self.client.get(KEYS, {"q": words}).context["cl"].result_list), [self.key])

    def test_e02_a_managed_key_is_read_only_for_a_superuser_too(self) -> None:
        factories.make_managed(groups=[{"name": "Cloud"}], keys=[{"name": "vendor", "group": "Cloud", "max_uses": 2}])
        key = ProvisioningKey.objects.get(name="vendor")
        self.sign_in("sue")
        self.assertEqual(self.client.get(f"{KEYS}{key.pk}/change/").status_code, 200)
        self.assertEqual(self.client.post(f"{KEYS}{key.pk}/change/", form(key, max_uses=9)).status_code, 403)
        self.assertEqual(self.client.post(f"{KEYS}{key.pk}/delete/", {"post": "yes"}).status_code, 403)


class OtherAdminTest(PortalTestCase):
    def test_groups_are_found_and_edited(self) -> None:
        group = factories.make_group("Berlin", location="Germany")
        factories.make_group("Oslo")
        self.sign_in("ada")
        page = self.client.get("/admin/keys/serviceedgegroup/", {"q": "germ"})
        self.assertEqual(list(page.context["cl"].result_list), [group])
        page = self.client.get(f"/admin/keys/serviceedgegroup/{group.pk}/change/")
        fields = {name: field.value() for name, field in ((f.name, f) for f in page.context["adminform"].form)}
        data = {name: value for name, value in fields.items() if value not in (None, False)}
        # A list without entries is an empty field, which is sent as it came.
        self.assertEqual(the(page, "[name=trusted_networks]").text.strip(), "")
        data |= {"trusted_networks": "", "description": "changed", "opened_version": 1}
        response = self.client.post(f"/admin/keys/serviceedgegroup/{group.pk}/change/", data)
        self.assertEqual(response.status_code, 302, response.content.decode()[:2000])
        event = AuditEvent.objects.get(action="group.edited")
        self.assertEqual(event.detail, {"description": ["", "changed"]})

    def test_certificates_are_found_by_serial_and_fingerprint_and_show_no_private_key(self) -> None:
        record = factories.signing_certificate("Root")
        self.sign_in("sam")
        for words in (record.serial, record.fingerprint, "root"):
            page = self.client.get("/admin/keys/signingcertificate/", {"q": words})
            self.assertEqual(list(page.context["cl"].result_list), [record])
        page = self.client.get(f"/admin/keys/signingcertificate/{record.pk}/change/").content.decode()
        self.assertNotIn("sealed", page)
