"""The timeline of a key or an edge: machines and people in one list, as far as the reader may see them."""

from __future__ import annotations

from typing import Any

from portal import audit
from tests.enrollment.base import EnrollmentTestCase, now
from tests.factories import ACTOR, EDGE
from tests.support.html import links, texts, the

RUDE = ("0", "-1", "x", "1.5", "\0", "9" * 18, "9" * 400, "''", "1 OR 1=1", "٣", "%00", "<script>")
EVENTS = '#timeline [data-label="Event"]'


class TimelineTests(EnrollmentTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        detail = {"key_public_id": cls.key.public_id}
        subject = audit.Subject("key", str(cls.key.pk), "Edge")
        refused = audit.row("edge.refused", EDGE, subject, reason="key_expired", detail=detail, at=now())
        copied = audit.row("key.copied", ACTOR, subject, at=now())
        # Of people: these and the creation of the key, which is the oldest event.
        audit.record_all([refused] * 20 + [copied, refused] * 12)

    def setUp(self) -> None:
        super().setUp()
        self.page = f"/service-edge-keys/{self.key.pk}/"

    def pages(self, who: str, **query: str) -> list[list[str]]:
        """The events of each page, from the newest to the oldest, reached by the links alone."""
        self.sign_in(who)
        pages, address = [], self.page
        while address:
            page = self.client.get(address, query if not pages else {})
            pages.append([text.partition(":")[0] for text in texts(page, EVENTS)])
            address = dict(zip(texts(page, ".onward a"), links(page, ".onward a"), strict=True)).get("Older", "")
        self.assertEqual(texts(page, ".onward a"), ["Newest"] if len(pages) > 1 else [])
        return pages

    def test_machines_and_people_are_in_one_order_and_each_event_is_on_one_page(self) -> None:
        newest, middle, oldest = self.pages("ada")
        self.assertEqual(newest, ["Refused", "Copied"] * 10)
        self.assertEqual(middle, ["Refused", "Copied"] * 2 + ["Refused"] * 16)
        self.assertEqual(oldest, ["Refused"] * 4 + ["Created"])

    def test_the_filter_shows_one_of_them_on_every_page(self) -> None:
        self.assertEqual([len(page) for page in self.pages("ada", timeline="machines")], [20, 12])
        self.assertEqual(self.pages("ada", timeline="people"), [["Copied"] * 12 + ["Created"]])
        page = self.client.get(self.page, {"timeline": "people"})
        self.assertEqual(texts(page, ".segments a"), ["All", "Machines", "People"])
        self.assertEqual(texts(page, ".segments [aria-current]"), ["People"])

    def test_the_addresses_of_machines_are_for_those_who_see_edges_and_people_for_those_who_read_the_audit_log(
        self,
    ) -> None:
        self.assertEqual([len(page) for page in self.pages("vic")], [20, 12])
        for query in ({}, {"timeline": "people"}):
            page = self.client.get(self.page, query)
            self.assertEqual((set(texts(page, EVENTS)), texts(page, ".segments")), ({"Refused: Key expired"}, []))
        self.user("paul", "keys.view_provisioningkey", "portal.view_auditevent")
        for query in ({}, {"timeline": "machines"}):
            page = self.client.get(self.page, query)
            self.assertEqual(set(texts(page, EVENTS)), {"Copied", "Created"})
            self.assertNotContains(page, "Edges enrolled")
        self.user("nick", "keys.view_provisioningkey")
        self.assertNotContains(self.client.get(self.page), "Timeline")

    def user(self, name: str, *permissions: str) -> None:
        from django.contrib.auth.models import Permission, User

        user = User.objects.create_user(name)
        for permission in permissions:
            app, _, codename = permission.partition(".")
            user.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=codename))
        self.client.force_login(user)

    def test_the_way_back_to_the_list_comes_along(self) -> None:
        self.sign_in("ada")
        page = self.client.get(self.page, {"back": "sort=-uses&q=a&q=b", "timeline": "machines"})
        (older,) = links(page, ".onward a")
        self.assertRegex(older, r"\?back=[^&]*-uses[^&]*&timeline=machines&timeline_after=\d+#timeline")

    def test_rude_places_and_filters_are_as_if_absent(self) -> None:
        self.sign_in("ada")
        for value in RUDE:
            with self.subTest(value):
                page = self.client.get(self.page, {"timeline_after": value, "timeline": value})
                self.assertEqual((page.status_code, texts(page, ".segments [aria-current]")), (200, ["All"]))

    def test_behind_the_last_nothing_is_older(self) -> None:
        self.sign_in("vic")
        self.assertContains(self.client.get(self.page, {"timeline_after": "1"}), "Nothing is older.")

    def test_the_number_of_queries_does_not_depend_on_the_events(self) -> None:
        self.enroll(self.text)
        for who, queries in (("vic", 8), ("ada", 9)):
            self.sign_in(who)
            # Session, user and two for permissions; the key, its edges, its events, of people too, and their edges.
            with self.subTest(who), self.assertNumQueries(queries):
                self.client.get(self.page)
            self.enroll(self.text)
            with self.subTest(who), self.assertNumQueries(queries):
                self.client.get(self.page)

    def test_a_moment_is_shown_as_its_distance_and_exactly_to_the_second(self) -> None:
        self.sign_in("vic")
        time: Any = the(self.client.get(self.page, {"timeline_after": "999999999"}), "#timeline tr:nth-child(1) time")
        self.assertRegex(time.get_text(), r"\A(?:just now|\d+ (?:s|min) ago)\Z")
        self.assertRegex(time["title"], r"\A\d+ [A-Z][a-z]{2} \d{4}, \d\d:\d\d:\d\d UTC\Z")
