"""The form of a group: adding and editing with every field, conflicts, and what disabling means."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from keys.models import ServiceEdgeGroup
from keys.pages.group_forms import GroupForm
from portal.models import AuditEvent
from tests.factories import make_group, make_key
from tests.keys.pages.base import field_errors
from tests.keys.pages.groups import DEFAULTS, GROUPS, NEVER, GroupPageTestCase, make_edges
from tests.support.html import parsed, texts, the

ADD = f"{GROUPS}add/"
EVERY = {
    "name": "Sydney",
    "description": "In the harbor.",
    "location": "Sydney, Australia",
    "city": "Sydney",
    "country_code": "au",
    "latitude": "-33.8688",
    "longitude": "151.2093",
    "upgrade_day": "SATURDAY",
    "upgrade_seconds": "900",
    "override_version_profile": "on",
    "version_profile": "1",
    "is_public": "TRUE",
    "trusted_networks": "Office\r\n\r\n Lab \r\nOffice",
    "alternative_cloud": "example.net",
    "grace_distance_enabled": "on",
    "grace_distance": "12.5",
    "grace_distance_unit": "KMS",
    "use_in_dr_mode": "on",
    "private_cloud": "Backup",
    "exclusive_for_business_continuity": "on",
}
# True of a value that is missing, and of one that is no place.
BOTH_OR_NEITHER = "Enter a latitude of -90 to 90 and a longitude of -180 to 180, or neither."


class Adding(GroupPageTestCase):
    def add(self, **fields: Any) -> Any:
        return self.client.post(ADD, {**DEFAULTS, **fields})

    def test_a_name_is_enough_and_the_page_of_the_group_comes_next(self) -> None:
        answer = self.add(name="Berlin")
        group = ServiceEdgeGroup.objects.get()
        self.assertRedirects(answer, group.get_absolute_url())
        self.assertEqual((group.enabled, group.upgrade_seconds, group.created_by), (True, 66_600, "olga"))

    def test_each_field_of_the_model_is_stored_under_its_name(self) -> None:
        editable = {field.name for field in ServiceEdgeGroup._meta.fields if field.editable} - {"id"}
        self.assertEqual(set(GroupForm.base_fields), editable)
        self.assertEqual({*EVERY, "enabled"}, editable)
        self.add(**EVERY)
        stored = ServiceEdgeGroup.objects.get()
        self.assertEqual(
            {name: getattr(stored, name) for name in EVERY},
            {
                **EVERY,
                "country_code": "AU",
                "latitude": Decimal("-33.8688"),
                "longitude": Decimal("151.2093"),
                "upgrade_seconds": 900,
                "trusted_networks": ["Office", "Lab"],
                "grace_distance": Decimal("12.5"),
                **dict.fromkeys((name for name, value in EVERY.items() if value == "on"), True),
            },
        )

    def test_what_the_model_refuses_is_named_at_its_field(self) -> None:
        make_group("Taken")
        for fields, errors in (
            ({"name": "taken"}, {"name": ["A group with this name exists already."]}),
            ({"name": ""}, {"name": ["Enter a name of 1 to 255 characters."]}),
            ({"name": "a/b"}, {"name": ["Use only letters, digits, spaces and . - _ in a name."]}),
            *(
                ({"name": "x", **place}, {"latitude": [BOTH_OR_NEITHER]})
                for place in ({"latitude": "10"}, {"latitude": "99", "longitude": "13"}, {"longitude": "181"})
            ),
            (
                {"name": "x", "grace_distance_enabled": "on"},
                {"grace_distance": ["Enter the distance of the proximity override."]},
            ),
            *(
                (
                    {"name": "x", "country_code": country},
                    {"country_code": ["Enter the country as two capital letters, for example DE."]},
                )
                for country in ("D1", "Germany")
            ),
            (
                {"name": "x", "upgrade_seconds": "7"},
                {"upgrade_seconds": ["Choose a time of day in steps of 15 minutes."]},
            ),
        ):
            with self.subTest(fields=fields):
                answer = self.add(**fields)
                self.assertEqual((answer.status_code, field_errors(answer)), (200, errors))
                self.assertTrue(parsed(answer).title.get_text().startswith("Error: "))

    def test_more_settings_are_open_where_one_of_them_is_wrong(self) -> None:
        page = self.client.get(ADD)
        self.assertFalse(the(page, "details.more").has_attr("open"))
        # A time that a person did not choose is the model's.
        self.assertEqual(texts(page, "#id_upgrade_day [selected], #id_upgrade_seconds [selected]"), ["Sunday", "18:30"])
        self.assertTrue(the(self.add(name="x", grace_distance_enabled="on"), "details.more").has_attr("open"))

    def test_every_field_has_a_label_and_the_map_is_for_those_with_scripts(self) -> None:
        page = parsed(self.client.get(ADD))
        # A browser cuts a pasted text at such a limit, without a message.
        self.assertEqual(page.select("[maxlength]"), [])
        for name in GroupForm.base_fields:
            self.assertEqual(len(page.select(f"label[for=id_{name}]")), 1, name)
        self.assertEqual(page.select_one("[data-pick-place]")["aria-hidden"], "true")
        self.assertIn("needs-script", page.select_one(".pick-place")["class"])


class Editing(GroupPageTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.group = make_group("Berlin")
        self.page = f"{GROUPS}{self.group.pk}/"

    def save(self, **fields: Any) -> Any:
        return self.client.post(f"{self.page}edit/", {**DEFAULTS, "name": "Berlin", "version": "1", **fields})

    def test_it_is_saved_with_old_and_new_in_the_log(self) -> None:
        self.assertRedirects(self.save(name="Renamed", location="Mitte"), self.page)
        event = AuditEvent.objects.get(action="group.edited")
        self.assertEqual(event.detail, {"name": ["Berlin", "Renamed"], "location": ["", "Mitte"]})

    def test_the_form_shows_what_is_stored(self) -> None:
        ServiceEdgeGroup.objects.update(trusted_networks=["Office", "Lab"], latitude=1.5, longitude=-2)
        page = self.client.get(f"{self.page}edit/")
        self.assertEqual(the(page, "#id_trusted_networks").get_text().strip(), "Office\nLab")
        self.assertEqual(the(page, "#id_latitude")["value"], "1.500000")
        self.assertEqual(texts(page, "#id_upgrade_seconds [selected]"), ["18:30"])
        self.assertTrue(the(page, "details.more").has_attr("open"))

    def test_f24_a_stale_form_is_409_with_both_values_and_saving_again_means_it(self) -> None:
        self.save(location="First")
        answer = self.save(location="Second")
        self.assertEqual(answer.status_code, 409)
        self.assertEqual(texts(answer, ".compare tbody tr"), ["Location First Second"])
        self.assertContains(answer, "This group was changed after you opened the page", status_code=409)
        again = self.save(location="Second", version=str(answer.context["stale"].version))
        self.assertEqual(again.status_code, 302)
        self.assertEqual(ServiceEdgeGroup.objects.get().location, "Second")

    def test_what_disabling_does_is_shown_before(self) -> None:
        key, _ = make_key("berlin", group=self.group)
        make_edges(key, NEVER, NEVER)
        hints = texts(self.client.get(f"{self.page}edit/"), ".form > .hint")
        self.assertEqual(hints, ["While it is disabled, 1 key refuses enrollment and 2 edges can't renew."])

    def test_a_viewer_may_not(self) -> None:
        self.sign_in("vic")
        for address in (ADD, f"{self.page}edit/", f"{self.page}delete/"):
            self.assertContains(self.client.get(address), "Ask an administrator for the Operator role", status_code=403)
