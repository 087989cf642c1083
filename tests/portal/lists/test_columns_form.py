"""*Columns*: what is hidden stays hidden for its user. What every list has to do is in `test_listing`."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Group, User
from django.db import DatabaseError, transaction

from portal.models import UserPreferences
from portal.preferences import cookies
from portal.preferences.operations import hide_columns, of_account
from portal.preferences.values import Preferences
from tests.base import PortalTestCase
from tests.factories import make_key
from tests.support.html import texts

LIST, COLUMNS, COOKIE = "/service-edge-keys/", "/lists/keys/columns/", "__Host-preferences"
PASSWORD = "correct horse battery staple"  # of these tests
ALL = ["max_uses", "uses", "group", "token"]


class ColumnsTest(PortalTestCase):
    def setUp(self) -> None:
        self.user = User.objects.create_user("ann", password=PASSWORD)
        self.user.groups.add(Group.objects.get(name="Viewer"))
        self.enter()
        make_key("One")

    def enter(self) -> None:
        self.client.post("/accounts/login/", {"username": "ann", "password": PASSWORD})

    def choose(self, *columns: str, where: str = "") -> Any:
        return self.client.post(COLUMNS, {"column": columns, "where": where})

    def heads(self, query: str = "") -> list[str]:
        return texts(self.client.get(LIST + query), "thead th")[1:]

    def test_f32_hidden_columns_are_remembered_after_signing_out_and_in(self) -> None:
        self.choose("uses", "token")
        shown = ["Name", "Provisioning Key Utilization Count", "Provisioning Key"]
        self.assertEqual(self.heads(), shown)
        self.client.post("/accounts/logout/")
        self.client.cookies.clear()
        self.enter()
        self.assertEqual(self.heads(), shown)
        self.assertNotContains(self.client.get(LIST), 'data-label="Group"')

    def test_f32_the_name_cannot_be_hidden(self) -> None:
        self.choose()
        self.assertEqual(self.heads(), ["Name"])
        self.assertEqual(self.heads("?cols="), ["Name"])

    def test_choosing_leads_back_to_the_filters_and_drops_the_columns_of_the_address(self) -> None:
        answer = self.choose(*ALL, where="q=one&sort=-uses&cols=uses")
        self.assertRedirects(answer, f"{LIST}?q=one&sort=-uses", fetch_redirect_response=False)

    def test_the_address_wins_over_what_is_remembered(self) -> None:
        self.choose("uses")
        self.assertEqual(self.heads("?cols=group,nonsense"), ["Name", "Private Service Edges Group"])

    def test_columns_of_one_list_are_kept_when_those_of_another_change(self) -> None:
        hide_columns(self.user.pk, "edges", ["version"])
        self.choose("uses", "nonsense", "name")
        kept = of_account(self.user.pk)
        self.assertEqual(kept.hidden_columns, "edges:version keys:max_uses keys:group keys:token")
        self.assertEqual(cookies.read({COOKIE: cookies.cookie_value(kept)}), kept)

    def test_a_list_that_is_unknown_is_not_found(self) -> None:
        self.assertEqual(self.client.post("/lists/nothing/columns/").status_code, 404)

    def test_rubbish_in_the_cookie_hides_nothing(self) -> None:
        for text in ("dark.compact.on.UTC.keys", "dark.compact.on.UTC.keys:Group", "dark.compact.on.UTC.keys:a+"):
            self.assertEqual(cookies.read({COOKIE: text}), Preferences(), text)

    def test_the_database_refuses_more_than_a_cookie_holds(self) -> None:
        self.choose()
        # SQLite by the constraint, PostgreSQL by the type of the column.
        with self.assertRaises(DatabaseError), transaction.atomic():
            UserPreferences.objects.update(hidden_columns="x" * 1_001)
