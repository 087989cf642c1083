"""Edit a provisioning key."""

from __future__ import annotations

from datetime import UTC, datetime

from django.utils.formats import date_format

from enrollment.operations import enroll
from keys.models import ProvisioningKey, SigningCertificate
from keys.operations import generate_certificate
from portal.models import AuditEvent
from tests.factories import ACTOR, EDGE, make_csr, make_key
from tests.keys.pages.base import LIST, KeyPageTestCase, field_errors, managed_key, use_up
from tests.support.html import parsed, texts, the, words


class EditTestCase(KeyPageTestCase):
    def setUp(self):
        super().setUp()
        self.edit = f"{self.address}edit/"

    def post(self, **fields):
        form = self.client.get(self.edit).context["form"]
        values = {name: form[name].value() for name in form.fields}
        # As the page prints it: a datetime-local field holds minutes.
        values["expires_at"] = form.fields["expires_at"].widget.format_value(values["expires_at"])
        data = {name: "on" if value is True else value for name, value in values.items() if value not in (None, False)}
        data.update(fields)
        return self.client.post(self.edit, {name: value for name, value in data.items() if value is not None})

    def stored(self):
        return ProvisioningKey.objects.get(pk=self.key.pk)


class Saving(EditTestCase):
    def test_a_saved_edit_leads_to_the_list_and_says_so(self):
        response = self.post(max_uses="9", name="Oregon 2", enabled=None, allowed_networks="10.0.0.0/8")
        self.assertRedirects(response, LIST, fetch_redirect_response=False)
        message = the(self.client.get(LIST), ".message")
        self.assertEqual(message.get_text().strip(), "Saved key “Oregon 2”.")
        self.assertEqual([link["href"] for link in message.select("a")], [self.address])
        key = self.stored()
        self.assertEqual(
            (key.name, key.max_uses, key.enabled, key.allowed_networks), ("Oregon 2", 9, False, ["10.0.0.0/8"])
        )
        self.assertEqual((key.version, key.modified_by), (2, "olga"))
        self.assertEqual(AuditEvent.objects.get(action="key.limit_raised").detail["max_uses"], ["5", "9"])

    def test_the_group_cannot_be_changed(self):
        other, _ = make_key()
        self.post(group=str(other.group_id), max_uses="6")
        self.assertEqual(self.stored().group_id, self.key.group_id)

    def test_f14_raising_the_limit_lets_the_key_be_copied_again(self):
        use_up(self.key)
        self.assertEqual(self.client.post(f"{self.address}reveal/", {"for": "copy"}).status_code, 409)
        self.post(max_uses="6")
        self.assertEqual(self.client.post(f"{self.address}reveal/", {"for": "copy"}).content.decode(), self.text)

    def other_root(self) -> SigningCertificate:
        other = SigningCertificate(name="Own")
        generate_certificate(other, key_type="EC P-256", days=365, actor=ACTOR)
        return other

    def test_a_certificate_of_a_different_root_takes_a_tick(self):
        other = self.other_root()
        page = self.client.get(self.edit)
        self.assertContains(page, "different root)", 1)
        self.assertRegex(the(page, f"option[value='{other.pk}']").text, r"^Own \(expires [^)]+, different root\)$")
        self.assertEqual(parsed(page).select("[name=different_root]"), [])
        asked = self.post(signing_certificate=str(other.pk))
        self.assertEqual((asked.status_code, self.stored().version), (200, 1))
        self.assertContains(asked, "“Own” has a different root from “Service Edge”.")
        self.assertContains(asked, "edges that check the pin are refused: create a new key")
        self.assertFalse(the(asked, "input[type=checkbox][name=different_root]").has_attr("checked"))
        self.assertEqual(the(asked, "option[selected]")["value"], str(other.pk))
        saved = self.post(signing_certificate=str(other.pk), different_root="on")
        self.assertEqual((saved.status_code, self.stored().signing_certificate_id), (302, other.pk))
        page = self.client.get(LIST)
        self.assertContains(page, "The key now signs below a different root. The text of the key pins a different root")
        self.assertContains(page, '<span class="state danger">Different root</span>', html=True)
        # Its own root is the usual one now: those that share it are not marked, and other edits take no tick.
        self.assertNotIn("different root", the(self.client.get(self.edit), f"option[value='{other.pk}']").text)
        self.assertEqual(self.post(max_uses="9", signing_certificate=str(other.pk)).status_code, 302)
        self.assertNotContains(self.client.get(LIST), "now signs below")

    def test_the_tick_names_the_edges_that_keep_the_old_root(self):
        own, other = str(self.key.signing_certificate_id), str(self.other_root().pk)
        for _ in range(2):
            enroll(self.text, make_csr(), caller=EDGE)
        words = "2 edges hold certificates below the old root and accept no other"
        self.assertContains(self.post(signing_certificate=other), words)
        self.post(signing_certificate=other, different_root="on")
        self.assertContains(self.client.get(LIST), words)
        back = self.post(signing_certificate=own)
        self.assertContains(back, "The key texts pin this root, so edges that check the pin can enroll.")
        self.assertNotContains(back, "accept no other")
        self.post(signing_certificate=own, different_root="on")
        self.assertContains(self.client.get(LIST), '<span class="state ok">Ready</span>', html=True)

    def test_all_that_is_wrong_is_shown_at_once(self):
        page = self.post(signing_certificate=str(self.other_root().pk), max_uses="x")
        self.assertEqual(set(field_errors(page)), {"max_uses", "different_root"})

    def test_e07_turning_view_off_destroys_the_text(self):
        self.assertContains(self.client.get(self.edit), "removes the readable key for good")
        self.post(viewable=None)
        self.assertIsNone(self.stored().sealed_token)

    def test_e07_view_cannot_be_turned_on_again(self):
        self.post(viewable=None)
        page = self.client.get(self.edit)
        self.assertContains(page, "it can&#x27;t be turned on again")
        self.assertTrue(the(page, "[name=viewable]").has_attr("disabled"))
        self.post(viewable="on", max_uses="8")
        self.assertFalse(self.stored().viewable)
        self.assertEqual(self.stored().max_uses, 8)

    def test_e06_what_the_form_does_not_have_is_not_stored(self):
        before = ProvisioningKey.objects.values().get(pk=self.key.pk)
        smuggled = {
            "id": "999", "uses": "0", "managed": "on", "created_by": "mallory", "public_id": "00" * 16, "vendor": "x",
            "fingerprint": "00" * 32, "sealed_token": "", "group_id": str(make_key()[0].group_id), "keyring_id": "9",
        }  # fmt: skip
        use_up(self.key, 3)
        self.post(max_uses="6", **smuggled)
        after = ProvisioningKey.objects.values().get(pk=self.key.pk)
        changed = {name for name, value in after.items() if value != before[name]}
        self.assertLessEqual(changed, {"max_uses", "uses", "use_state", "version", "modified_at", "modified_by"})
        self.assertEqual((after["max_uses"], after["uses"]), (6, 3))
        self.client.post(
            f"{LIST}add/", {"name": "New", "max_uses": "2", "new_group": "G", "viewable": "on",
                            "signing_certificate": str(self.key.signing_certificate_id), **smuggled, "uses": "1"}
        )  # fmt: skip
        made = ProvisioningKey.objects.get(name="New")
        self.assertEqual((made.uses, made.managed, made.created_by, made.group.name), (0, False, "olga", "G"))

    def test_an_untouched_form_changes_nothing(self):
        expires = datetime(2050, 1, 2, 3, 4, 5, 678, tzinfo=UTC)
        ProvisioningKey.objects.filter(pk=self.key.pk).update(expires_at=expires, allowed_networks=["10.0.0.0/8"])
        self.assertEqual(self.post().status_code, 302)
        self.assertEqual(self.stored().version, 1)
        self.assertEqual(self.stored().expires_at, expires)

    def test_another_signing_certificate_can_be_chosen(self):
        client = SigningCertificate.objects.get(name="Client")
        self.post(signing_certificate=str(client.pk))
        self.assertEqual(self.stored().signing_certificate, client)


class Refusing(EditTestCase):
    def test_a_limit_below_the_count_is_refused_with_the_smallest_value(self):
        use_up(self.key, 4)
        response = self.post(max_uses="3")
        self.assertEqual(response.status_code, 200)
        self.assertContains(response, "<title>Error: Edit Oregon")
        expected = "4 edges already used this key; the smallest allowed value is 4."
        self.assertEqual(field_errors(response), {"max_uses": [expected]})

    def test_a_taken_name_is_refused(self):
        make_key("Texas")
        self.assertEqual(field_errors(self.post(name="texas")), {"name": ["A key with this name exists already."]})

    def test_without_a_version_nothing_is_saved(self):
        for version in (None, "", "abc", "9" * 30):
            self.assertIn(self.post(version=version, max_uses="7").status_code, (200, 409))
        self.assertEqual(self.stored().max_uses, 5)

    def test_f20_a_managed_key_is_read_only_for_everybody(self):
        key = managed_key()
        for user in ("olga", "ada", "sue"):
            self.sign_in(user)
            for send in (self.client.get, self.client.post):
                response = send(f"{LIST}{key.pk}/edit/")
                self.assertContains(response, "Zscaler manages “Vendor key”.", status_code=403)

    def test_a_viewer_may_not_edit(self):
        self.sign_in("vic")
        self.assertEqual(self.client.get(self.edit).status_code, 403)
        self.assertEqual(self.client.post(self.edit, {}).status_code, 403)

    def test_a_key_that_does_not_exist_is_404(self):
        self.assertEqual(self.client.get(f"{LIST}999999/edit/").status_code, 404)


class EditingAtOnce(EditTestCase):
    def setUp(self):
        super().setUp()
        opened = self.client.get(self.edit).context["form"]["version"].value()
        self.sign_in("ada")
        self.post(max_uses="50")
        self.sign_in("olga")
        self.response = self.post(version=opened, max_uses="20", name="Oregon west")

    def test_f24_the_second_save_is_a_conflict_with_both_values(self):
        self.assertEqual(self.response.status_code, 409)
        self.assertEqual(self.stored().max_uses, 50)
        changed_at = date_format(self.stored().modified_at, "j M Y, H:i")
        self.assertIn(f"changed by ada at {changed_at} UTC", texts(self.response, ".notice p")[0])
        expected = ["Name Oregon Oregon west", "Maximum number of Private Service Edges 50 20"]
        self.assertEqual(texts(self.response, ".compare tbody tr"), expected)

    def test_f24_the_form_is_still_filled_and_saving_again_means_it(self):
        form = self.response.context["form"]
        self.assertEqual(form["max_uses"].value(), "20")
        self.assertContains(self.response, "Save my values", status_code=409)
        data = {name: form[name].value() for name in ("name", "max_uses", "signing_certificate", "version")}
        self.assertRedirects(self.client.post(self.edit, {**data, "viewable": "on", "enabled": "on"}), LIST)
        self.assertEqual((self.stored().max_uses, self.stored().name), (20, "Oregon west"))

    def test_an_enrollment_in_between_is_no_conflict(self):
        opened = self.client.get(self.edit).context["form"]["version"].value()
        use_up(self.key, 3)
        self.assertRedirects(self.post(version=opened, max_uses="60"), LIST)
        self.assertEqual(self.stored().uses, 3)

    def test_f24_every_field_that_differs_is_shown_with_both_values(self):
        self.sign_in("ada")
        opened = self.client.get(self.edit).context["form"]["version"].value()
        expires = datetime(2050, 1, 2, 3, 4, tzinfo=UTC)
        client = SigningCertificate.objects.get(name="Client")
        self.post(
            name="Theirs", max_uses="61", signing_certificate=str(client.pk), viewable=None, enabled=None,
            expires_at="2050-01-02T03:04", allowed_networks="10.0.0.0/8",
        )  # fmt: skip
        self.assertEqual(self.stored().expires_at, expires)
        service_edge = SigningCertificate.objects.get(name="Service Edge")
        mine = {
            "name": "Mine", "max_uses": "62", "signing_certificate": str(service_edge.pk), "viewable": "on",
            "enabled": "on", "expires_at": "", "allowed_networks": "192.0.2.0/24\n10.0.0.0/8", "version": opened,
        }  # fmt: skip
        response = self.client.post(self.edit, mine)
        self.assertEqual(response.status_code, 409)
        rows = [
            tuple(words(cell) for cell in row.select("th, td")) for row in parsed(response).select(".compare tbody tr")
        ]
        self.assertEqual(
            rows,
            [
                ("Name", "Theirs", "Mine"),
                ("Maximum number of Private Service Edges", "61", "62"),
                ("Signing certificate", "Client", "Service Edge"),
                ("Enabled", "Off", "On"),
                ("Expires", "2 Jan 2050, 03:04 UTC", "none"),
                ("Allowed networks", "10.0.0.0/8", "192.0.2.0/24, 10.0.0.0/8"),
                ("View or Export Provisioning Key After Creation", "Off, for good", "On"),
            ],
        )
        mine["version"] = response.context["form"]["version"].value()
        self.assertRedirects(self.client.post(self.edit, mine), LIST)
        stored = self.stored()
        self.assertEqual((stored.name, stored.max_uses, stored.enabled, stored.viewable), ("Mine", 62, True, False))
        self.assertEqual((stored.expires_at, stored.allowed_networks), (None, ["192.0.2.0/24", "10.0.0.0/8"]))
