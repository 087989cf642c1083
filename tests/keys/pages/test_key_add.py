"""Add a provisioning key, and the one page that shows its text."""

from __future__ import annotations

import re
from collections import Counter
from datetime import timedelta

import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from keys.models import ProvisioningKey, ServiceEdgeGroup, SigningCertificate
from portal.models import AuditEvent
from tests.base import PortalTestCase
from tests.factories import make_group, make_key, make_managed, signing_certificate
from tests.keys.pages.base import LIST, field_errors
from tests.support.html import links, parsed, texts, the

ADD = f"{LIST}add/"


class AddTestCase(PortalTestCase):
    @classmethod
    def setUpTestData(cls):
        cls.certificate = signing_certificate()
        cls.group = make_group("London")

    def setUp(self):
        self.sign_in("olga")

    def post(self, **fields):
        data = {"name": "Edge", "max_uses": "3", "group": str(self.group.pk), "viewable": "on", "enabled": "on"}
        return self.client.post(ADD, {**data, **fields})

    def refused(self, **fields):
        response = self.post(**fields)
        self.assertEqual(response.status_code, 200)
        self.assertFalse(ProvisioningKey.objects.exists())
        return field_errors(response)


class TheForm(AddTestCase):
    def test_fields_have_stable_names_and_ids(self):
        page = self.client.get(ADD)
        for name in (
            "name", "max_uses", "group", "new_group", "signing_certificate", "viewable", "enabled", "expires_at",
            "allowed_networks",
        ):  # fmt: skip
            self.assertEqual(the(page, f"[name={name}]")["id"], f"id_{name}")

    def test_the_first_field_has_the_focus_and_required_ones_are_marked(self):
        page = self.client.get(ADD)
        self.assertEqual([field["id"] for field in parsed(page).select("[autofocus]")], ["id_name"])
        self.assertEqual([field["id"] for field in parsed(page).select("[required]")], ["id_name", "id_max_uses"])
        self.assertEqual([box["id"] for box in parsed(self.post(name="")).select("[autofocus]")], ["error-summary"])

    def test_it_starts_with_one_use_viewable_enabled_and_service_edge(self):
        form = self.client.get(ADD).context["form"]
        self.assertEqual(form["max_uses"].value(), 1)
        self.assertEqual(form["signing_certificate"].value(), self.certificate.pk)
        self.assertTrue(form["viewable"].value())
        self.assertTrue(form["enabled"].value())

    def test_it_suggests_the_first_fifty_groups_only(self):
        for number in range(60):
            make_group(f"Group {number:02}")
        offered = [option["value"] for option in parsed(self.client.get(ADD)).select("#groups option")]
        self.assertEqual(offered, [f"Group {number:02}" for number in range(50)])

    def test_a_form_reads_nothing_twice(self):
        self.sign_in("ada")
        key, _ = make_key("berlin")
        for path in (
            ADD,
            f"{ADD}?cert={self.certificate.pk}",
            f"{LIST}{key.pk}/edit/",
            reverse("keys:certificate-generate"),
        ):
            with self.subTest(path), CaptureQueriesContext(connection) as captured:
                self.client.get(path)
            statements = Counter(re.sub("'[^']*'", "", query["sql"]) for query in captured)
            self.assertEqual([each for each, number in statements.items() if number > 1], [])

    def test_the_group_of_the_address_is_filled_in(self):
        self.assertContains(self.client.get(f"{ADD}?group={self.group.pk}"), 'name="group" value="London"')
        for nonsense in ("0", "abc", "9" * 30, "%00", "-1", "²"):
            self.assertEqual(self.client.get(f"{ADD}?group={nonsense}").status_code, 200)

    def test_a_time_that_no_clock_can_hold_is_a_field_error(self):
        self.assertIn("expires_at", self.refused(expires_at="9999-12-31T23:59-01:00"))

    def test_a_network_with_a_scope_id_is_a_field_error(self):
        for network in ("fe80::%eth0/64", "fe80::%\ud7ff/64"):
            self.assertIn("allowed_networks", self.refused(allowed_networks=network))

    def test_only_certificates_that_can_sign_are_offered(self):
        offered = self.client.get(ADD).content.decode()
        for name in ("Client", "Connector", "Root", "Service Edge"):
            self.assertIn(f"{name} (expires", offered)
        SigningCertificate.objects.filter(name="Client").update(sealed_private_key=None, sealed_with=None)
        self.assertNotIn("Client (expires", self.client.get(ADD).content.decode())
        make_managed(certificates=[{"name": "Connector", "years": 15, "enabled": False}])
        self.assertNotIn("Connector (expires", self.client.get(ADD).content.decode())
        with time_machine.travel(self.certificate.not_after + timedelta(days=1), tick=False):
            self.sign_in("olga")
            page = self.client.get(ADD).content.decode()
            self.assertIn("Root (expires", page)
            self.assertNotIn("Service Edge (expires", page)

    def test_a_viewer_may_not_add(self):
        self.sign_in("vic")
        self.assertEqual(self.client.get(ADD).status_code, 403)
        self.assertEqual(self.post().status_code, 403)


class CreatingAKey(AddTestCase):
    def text(self, response):
        return the(response, "#provisioning-key").get_text()

    def test_the_answer_shows_the_text_and_is_not_kept(self):
        response = self.post()
        key = ProvisioningKey.objects.get()
        self.assertEqual(response.status_code, 200)
        self.assertIn("no-store", response["Cache-Control"])
        text = self.text(response)
        self.assertTrue(text.startswith(key.token_head))
        self.assertTrue(text.endswith(f"{key.token_tail}=="))
        self.assertContains(response, f'action="{LIST}{key.pk}/download/"')
        self.assertNotContains(response, "shown on this page only")

    def test_the_text_is_the_keys_own(self):
        text = self.text(self.post())
        key = ProvisioningKey.objects.get()
        self.assertEqual(self.client.post(f"{LIST}{key.pk}/reveal/", {"for": "show"}).content.decode(), text)

    def test_a_key_that_is_not_viewable_warns_and_saves_in_the_browser(self):
        response = self.client.post(ADD, {"name": "Edge 1", "max_uses": "3", "group": "London", "enabled": "on"})
        key = ProvisioningKey.objects.get()
        self.assertFalse(key.viewable)
        self.assertEqual(len(self.text(response)), len(key.token_head) + len(key.token_tail) + 2 + 124 - 25 - 10)
        self.assertContains(response, "shown on this page only and can't be viewed again")
        self.assertContains(response, 'data-file-name="edge-1.provisioning-key.txt"')
        self.assertNotContains(response, "/download/")

    def test_everything_that_was_entered_is_stored(self):
        tomorrow = timezone.now().replace(second=0, microsecond=0) + timedelta(days=1)
        self.post(
            name="  Edge one ",
            max_uses="2147483647",
            enabled="",
            expires_at=tomorrow.strftime("%Y-%m-%dT%H:%M"),
            allowed_networks="192.0.2.0/24\n\n 2001:db8::/32 \r\n192.0.2.0/24",
            signing_certificate=str(SigningCertificate.objects.get(name="Client").pk),
        )
        key = ProvisioningKey.objects.get()
        self.assertEqual(
            (key.name, key.max_uses, key.enabled, key.expires_at), ("Edge one", 2147483647, False, tomorrow)
        )
        self.assertEqual(key.allowed_networks, ["192.0.2.0/24", "2001:db8::/32"])
        self.assertEqual(key.signing_certificate.name, "Client")
        self.assertEqual(key.created_by, "olga")
        self.assertEqual(AuditEvent.objects.filter(action="key.created", actor_name="olga").count(), 1)

    def test_a_group_is_accepted_by_id_and_by_name_in_any_case(self):
        for number, group in enumerate((str(self.group.pk), "London", " lOnDoN ")):
            self.post(name=f"Edge {number}", group=group)
        self.assertEqual(ProvisioningKey.objects.filter(group=self.group).count(), 3)

    def test_a_group_can_be_made_with_the_key(self):
        self.post(group="", new_group="Paris")
        self.assertEqual(ProvisioningKey.objects.get().group.name, "Paris")


class SentTwice(AddTestCase):
    """A double click, or a reload of the page that shows the new key."""

    def token(self):
        return the(self.client.get(ADD), "[name=form_token]")["value"]

    def made(self, response):
        """What the answer says was made; it shows neither an error nor a text."""
        self.assertEqual(response.status_code, 200)
        self.assertNotContains(response, "exists already")
        self.assertFalse(parsed(response).select("#provisioning-key"))
        return texts(response, "h1")

    def test_it_makes_one_key_and_names_it(self):
        for case, extra in {"page": {"form_token": self.token()}, "script": {}}.items():
            for viewable in ("on", ""):
                with self.subTest(case, viewable=viewable):
                    data = {"name": f"{case} {viewable}", "group": "", "new_group": f"of {case} {viewable}"}
                    self.assertContains(self.post(**data, **extra, viewable=viewable), "is ready")
                    key = ProvisioningKey.objects.get(name=data["name"].strip())
                    again = self.post(**data, **extra, viewable=viewable)
                    self.assertEqual(self.made(again), [f"Key “ {key.name} ” was made"])
                    self.assertIn(key.get_absolute_url(), links(again, "main a"))
                    is_lost = "delete this key and make another" in again.content.decode()
                    self.assertEqual(is_lost, not viewable)
                    self.assertEqual(f"{key.get_absolute_url()}delete/" in links(again, "main a"), not viewable)
        self.assertEqual(AuditEvent.objects.filter(action="key.created").count(), 4)

    def test_each_page_has_its_own_token_and_a_page_with_errors_keeps_it(self):
        first = self.token()
        self.assertNotEqual(first, self.token())
        self.assertGreaterEqual(len(first), 22)
        self.assertEqual(the(self.post(form_token=first, max_uses="0"), "[name=form_token]")["value"], first)

    def test_a_refused_form_can_be_corrected_and_a_changed_one_makes_another_key(self):
        token = self.token()
        self.post(form_token=token, name="a/b")
        for name in ("one", "two"):
            self.assertContains(self.post(form_token=token, name=name), f"<bdi>{name}</bdi> is ready")

    def test_another_person_with_the_same_name_is_refused(self):
        data = {"form_token": self.token()}
        self.post(**data)
        self.sign_in("ada")
        self.assertEqual(field_errors(self.post(**data)), {"name": ["A key with this name exists already."]})

    def test_of_a_deleted_key_a_page_makes_no_second_one_and_a_script_does(self):
        for token in (self.token(), ""):
            data = {"form_token": token, "name": f"gone {token}"}
            self.post(**data)
            ProvisioningKey.objects.all().delete()
            again = self.post(**data)
            self.assertEqual("has been deleted since" in again.content.decode(), bool(token))
            self.assertEqual(ProvisioningKey.objects.count(), 0 if token else 1)

    def test_a_script_makes_another_key_of_the_name_after_a_renaming(self):
        self.post()
        ProvisioningKey.objects.update(name="Renamed", sort_name="renamed")
        self.assertContains(self.post(), "is ready")
        self.assertEqual(ProvisioningKey.objects.count(), 2)


class Refusals(AddTestCase):
    def test_the_summary_has_focus_and_leads_to_the_fields(self):
        response = self.post(name="", max_uses="0")
        self.assertTrue(texts(response, "title")[0].startswith("Error: Add key"))
        self.assertEqual(texts(response, "[role=alert][tabindex='-1'][autofocus] h2"), ["Fix 2 fields"])
        expected = {
            "#id_name": "Enter a name of 1 to 255 characters.",
            "#id_max_uses": "Enter a whole number from 1 to 2,147,483,647.",
        }
        found = zip(links(response, "#error-summary a"), texts(response, "#error-summary a"), strict=True)
        self.assertEqual(dict(found), expected)
        field = the(response, "#id_name")
        self.assertEqual(field["aria-invalid"], "true")
        self.assertEqual(field["aria-describedby"], "id_name_helptext id_name_error")

    def test_all_that_is_wrong_is_shown_at_once_though_one_field_cannot_be_read(self):
        wrong = {"name": "<b>", "max_uses": "ten", "group": "", "new_group": "<", "expires_at": "2001-01-01T00:00"}
        self.assertEqual(set(self.refused(**wrong)), {"name", "max_uses", "new_group", "expires_at"})

    def test_numbers_outside_the_range_are_refused(self):
        for value in ("", "0", "-1", "2147483648", "9" * 30, "1.5", "ten", "١²"):
            self.assertIn("max_uses", self.refused(max_uses=value))

    def test_names_the_vendor_would_refuse_are_refused(self):
        for value in ("a/b", "x" * 256, "<b>", "a\tb", "a\0b", "😀"):
            self.assertIn("name", self.refused(name=value))

    def test_a_group_is_needed_once(self):
        self.assertEqual(self.refused(group=""), {"group": ["Choose a group, or name a new one."]})
        self.assertIn("new_group", self.refused(new_group="Paris"))
        self.assertIn("group", self.refused(group="Nowhere"))
        self.assertIn("group", self.refused(group="99999999999999999999"))
        self.assertIn("group", self.refused(group="a\0"))
        self.assertEqual(
            self.refused(group="", new_group="LONDON"),
            {"new_group": ["A group with this name exists already. Choose it instead."]},
        )
        self.assertEqual(ServiceEdgeGroup.objects.count(), 1)

    def test_a_certificate_that_is_not_offered_is_refused(self):
        for value in ("0", "abc", "9" * 30, "a\0"):
            self.assertIn("signing_certificate", self.refused(signing_certificate=value))

    def test_an_expiry_in_the_past_is_refused(self):
        for value in ("2020-01-01T00:00", "0001-01-01T00:00", "soon", "9999-99-99T00:00"):
            self.assertIn("expires_at", self.refused(expires_at=value))

    def test_networks_with_host_bits_or_without_sense_are_refused_by_line(self):
        errors = self.refused(allowed_networks="192.0.2.0/24\n192.0.2.1/24")
        self.assertEqual(errors["allowed_networks"], ["Line 2 is not a network such as 192.0.2.0/24 or 2001:db8::/32."])
        self.assertIn(
            "allowed_networks", self.refused(allowed_networks="\n".join(f"10.0.{n}.0/24" for n in range(101)))
        )

    def test_more_settings_open_to_show_their_error(self):
        self.assertContains(self.post(expires_at="soon"), '<details class="more" open>')

    def test_a_taken_name_is_said_at_the_name(self):
        make_key("EDGE", group=self.group)
        self.assertEqual(field_errors(self.post()), {"name": ["A key with this name exists already."]})
