"""Preferences: stored with the account, copied to an untrusted cookie, and applied to every page."""

from __future__ import annotations

import random

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction
from django.test import RequestFactory, SimpleTestCase, override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from portal import zones
from portal.accounts import delete_user
from portal.database import violated_rule
from portal.models import UserPreferences
from portal.preferences import cookies
from portal.preferences.operations import change_preferences, of_account
from portal.preferences.values import Density, Preferences, Theme
from portal.refusals import Invalid
from tests.base import CAST, PortalTestCase
from tests.factories import ACTOR, make_key
from tests.support.html import parsed, the, words

PAGE, TOGGLE, LIST = "/preferences/", "/preferences/density/", "/service-edge-keys/"
COOKIE, ZONE = "__Host-preferences", "__Host-zone"
PASSWORD = "correct horse battery staple"  # of these tests
DARK = {"theme": "dark", "density": "compact", "time_zone": "Europe/Berlin"}


class CookieFuzz(SimpleTestCase):
    @given(st.text() | st.lists(st.text(), min_size=4, max_size=4).map(".".join), st.text())
    def test_no_text_breaks_reading(self, text: str, zone: str) -> None:
        chosen = cookies.read({COOKIE: text})
        self.assertIn(chosen.theme, Theme.values)
        self.assertIn(chosen.density, Density.values)
        zones.shown(chosen.time_zone, zone)


class Cookie(PortalTestCase):
    def test_what_is_written_is_read(self) -> None:
        for theme in Theme.values:
            for zone in ("", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+5", "UTC"):
                chosen = Preferences(theme, Density.COMPACT, shortcuts=False, time_zone=zone)
                self.assertEqual(cookies.read({COOKIE: cookies.cookie_value(chosen)}), chosen)

    def test_a_word_that_is_unknown_is_its_default_and_another_shape_is_all_defaults(self) -> None:
        self.assertEqual(cookies.read({COOKIE: "dark.huge.off.Mars/Base"}), Preferences("dark", shortcuts=False))
        for text in ("", "dark", "dark.compact.on", "dark.compact.on.UTC.", "DARK.COMPACT.OFF." + "x" * 120, "...."):
            self.assertEqual(cookies.read({COOKIE: text}), Preferences(), text)

    # Cookies never reach the database.
    @pytest.mark.once
    def test_rubbish_in_both_cookies_never_breaks_a_page(self) -> None:
        self.sign_in("olga")
        chance = random.Random(7)
        samples = ["../../etc/passwd", '"', "dark.compact.on.../../etc/passwd", "....", "%00", "é", "a" * 3000, "<b>"]
        samples += ["".join(chr(chance.randrange(33, 127)) for _ in range(chance.randrange(80))) for _ in range(40)]
        paths = (LIST, PAGE, f"{LIST}add/", "/nothing/")
        for number, sample in enumerate(samples):
            # All pages read the cookies in one place: what chance has made goes to one page after the other.
            for path in paths if number < 8 else paths[number % 4 :][:1]:
                self.client.cookies[COOKIE] = self.client.cookies[ZONE] = sample.replace(";", "")
                response = self.client.get(path)
                self.assertLess(response.status_code, 500, sample)
                self.assertContains(response, 'data-theme="system"', status_code=response.status_code)


class Storing(PortalTestCase):
    def setUp(self) -> None:
        self.user = self.sign_in("nora")

    def test_an_account_that_never_chose_has_the_defaults(self) -> None:
        self.assertEqual(of_account(self.user.pk), Preferences())

    def test_a_change_keeps_what_it_does_not_name(self) -> None:
        change_preferences(self.user.pk, theme="dark", time_zone="Europe/Berlin")
        changed = change_preferences(self.user.pk, density="compact")
        self.assertEqual(changed, Preferences(**DARK))
        self.assertEqual(UserPreferences.objects.count(), 1)

    def test_the_database_refuses_what_is_no_choice(self) -> None:
        change_preferences(self.user.pk, theme="dark")
        for rule, values in (
            ("preferences_theme_is_known", {"theme": "neon"}),
            ("preferences_density_is_known", {"density": "huge"}),
            ("preferences_density_is_known", {"density": ""}),
        ):
            with self.assertRaises(IntegrityError) as refused, transaction.atomic():
                UserPreferences.objects.update(**values)
            self.assertEqual(violated_rule(refused.exception, UserPreferences), rule)

    def test_they_go_with_the_account(self) -> None:
        change_preferences(self.user.pk, theme="dark")
        delete_user(self.user, actor=ACTOR)
        self.assertFalse(UserPreferences.objects.exists())


class Page(PortalTestCase):
    def post(self, **fields: str):
        return self.client.post(PAGE, {"theme": "system", "density": "comfortable", "time_zone": "", **fields})

    def test_anybody_who_is_signed_in_saves_and_sees_it_at_once(self) -> None:
        for name in CAST:
            user = self.sign_in(name)
            self.assertRedirects(self.post(**DARK), PAGE, fetch_redirect_response=False)
            page = self.client.get(PAGE)
            self.assertContains(page, "Saved your preferences.")
            self.assertContains(page, 'data-theme="dark" data-density="compact"')
            self.assertContains(page, '<meta name="color-scheme" content="dark">')
            self.assertContains(page, "Europe/Berlin (CE")
            self.assertEqual(of_account(user.pk), Preferences(**DARK, shortcuts=False))

    def test_a_bad_value_is_a_field_error_and_saves_nothing(self) -> None:
        user = self.sign_in("olga")
        for field, value in (("theme", "neon"), ("density", ""), ("time_zone", "Mars/Base"), ("time_zone", "../x")):
            page = self.post(**{field: value})
            self.assertEqual(list(page.context["form"].errors), [field])
            self.assertContains(page, "<title>Error: Preferences")
            link = the(page, "#error-summary h2 a")
            self.assertEqual([words(link)], page.context["form"].errors[field])
            self.assertTrue(the(page, str(link["href"])))
        self.assertEqual(of_account(user.pk), Preferences())

    def test_zones_are_listed_by_region_and_a_name_beside_the_list_is_kept(self) -> None:
        self.sign_in("olga")
        page = self.client.get(PAGE).content.decode()
        self.assertIn('<optgroup label="Europe">', page)
        self.assertIn('<option value="America/Argentina/Buenos_Aires">Argentina/Buenos Aires</option>', page)
        self.assertNotIn('value="Etc/GMT+5"', page)
        self.post(time_zone="Etc/GMT+5")
        self.assertContains(self.client.get(PAGE), '<option value="Etc/GMT+5" selected>')

    def test_another_browser_is_corrected_when_it_opens_the_page(self) -> None:
        user = self.sign_in("olga")
        self.client.cookies[COOKIE] = "light.comfortable.on."
        change_preferences(user.pk, **DARK)
        self.assertContains(self.client.get(LIST), 'data-theme="light"')
        self.assertContains(
            self.client.get(PAGE),
            '<input type="radio" name="theme" value="dark" id="id_theme_2" required checked>',
            html=True,
        )
        self.assertContains(self.client.get(LIST), 'data-theme="dark"')

    def test_the_menu_leads_there(self) -> None:
        self.sign_in("nora")
        current = parsed(self.client.get(PAGE)).select("nav[aria-label=Main] a[aria-current=page]")
        self.assertEqual([(link["href"], link.text.strip()) for link in current], [("/preferences/", "Preferences")])


class DensityButton(PortalTestCase):
    def setUp(self) -> None:
        self.user = self.sign_in("olga")

    def test_f33_it_works_as_a_form_and_leads_back(self) -> None:
        change_preferences(self.user.pk, theme="dark")
        address = f"{LIST}?sort=-uses&q=a%20b"
        response = self.client.post(TOGGLE, {"density": "compact", "next": address})
        self.assertEqual((response.status_code, response["Location"]), (302, address))
        page = self.client.get(LIST)
        self.assertContains(page, 'data-theme="dark" data-density="compact"')

    def test_f33_the_button_says_its_state(self) -> None:
        make_key()
        for chosen, offered, pressed in (("compact", "comfortable", "true"), ("comfortable", "compact", "false")):
            self.client.post(TOGGLE, {"density": chosen})
            button = the(self.client.get(LIST), "#density-form button")
            self.assertEqual((button["value"], button["aria-pressed"]), (offered, pressed))

    def test_it_never_leads_to_another_site(self) -> None:
        evil = [
            "https://evil.example/",
            "//evil.example/",
            "/\\evil.example",
            "\\\\evil.example",
            "javascript:alert(1)",
        ]
        for target in [*evil, "///evil.example", "keys:key-list", "x", "", "http://[", "/\t/evil.example", "\0"]:
            response = self.client.post(TOGGLE, {"density": "compact", "next": target})
            self.assertEqual((response.status_code, response["Location"]), (302, PAGE), target)

    def test_a_script_gets_no_page(self) -> None:
        response = self.client.post(TOGGLE, {"density": "compact"}, headers={"Accept": "application/json"})
        self.assertEqual((response.status_code, response.content), (204, b""))
        self.assertEqual(response.cookies[COOKIE].value, "system.compact.on.")

    def test_another_word_is_refused(self) -> None:
        for value in ("huge", "", "COMPACT", "\0"):
            self.assertEqual(self.client.post(TOGGLE, {"density": value}).status_code, 400)
        self.assertFalse(UserPreferences.objects.exists())


class ThemeButtons(PortalTestCase):
    def test_the_user_menu_changes_the_theme_and_leads_back(self) -> None:
        self.sign_in("vic")
        address = f"{LIST}?q=a%20b"
        response = self.client.post("/preferences/theme/", {"theme": "dark", "page": address})
        self.assertEqual((response.status_code, response["Location"]), (302, address))
        page = self.client.get(LIST)
        self.assertContains(page, 'data-theme="dark"')
        self.assertEqual(the(page, "#user-menu [aria-pressed=true]")["value"], "dark")
        self.assertEqual(self.client.post("/preferences/theme/", {"theme": "neon"}).status_code, 400)


class SigningInAndOut(PortalTestCase):
    def setUp(self) -> None:
        self.user = User.objects.create_user("ann", password=PASSWORD)
        change_preferences(self.user.pk, **DARK)

    def enter(self):
        return self.client.post("/accounts/login/", {"username": "ann", "password": PASSWORD})

    def test_signing_in_brings_the_choices_and_signing_out_takes_them_away(self) -> None:
        cookie = self.enter().cookies[COOKIE]
        self.assertEqual(cookie.value, "dark.compact.on.Europe/Berlin")
        self.assertEqual((cookie["secure"], cookie["httponly"], cookie["samesite"]), (True, True, "Lax"))
        self.assertEqual((cookie["path"], cookie["domain"]), ("/", ""))
        self.assertContains(self.client.get(PAGE), 'data-theme="dark"')
        gone = self.client.post("/accounts/logout/").cookies[COOKIE]
        self.assertEqual((gone.value, gone["max-age"], gone["secure"]), ("", 0, True))
        self.assertContains(self.client.get("/accounts/login/"), 'data-theme="system"')

    @override_settings(PREFERENCES_COOKIE_NAME="preferences", SESSION_COOKIE_SECURE=False)
    def test_over_http_the_cookie_is_plain(self) -> None:
        self.assertFalse(self.enter().cookies["preferences"]["secure"])

    def test_the_next_person_at_the_browser_gets_their_own(self) -> None:
        self.enter()
        User.objects.create_user("ben", password=PASSWORD)
        response = self.client.post("/accounts/logout/")
        response = self.client.post("/accounts/login/", {"username": "ben", "password": PASSWORD})
        self.assertEqual(response.cookies[COOKIE].value, "system.comfortable.on.")


class Zone(PortalTestCase):
    def setUp(self) -> None:
        self.sign_in("olga")

    def zone(self) -> str:
        return self.client.get(PAGE).context["form"].fields["time_zone"].help_text

    def test_f43_the_chosen_zone_wins_then_the_browsers_then_utc(self) -> None:
        self.assertIn("UTC", self.zone())
        self.client.cookies[ZONE] = "Asia/Calcutta"
        self.assertIn("(IST)", self.zone())
        self.client.post(PAGE, {**DARK})
        self.assertIn("Europe/Berlin", self.zone())

    def test_a_zone_that_does_not_exist_is_utc(self) -> None:
        self.client.cookies[ZONE] = "Mars/Base"
        self.assertIn("UTC", self.zone())

    def test_the_browser_is_asked_where_its_answer_is_missing_and_on_every_sign_in(self) -> None:
        asked = '<meta name="zone-cookie" content="__Host-zone">'
        self.assertContains(self.client.get(PAGE), asked)
        self.client.cookies[ZONE] = "Europe/Rome"
        self.assertNotContains(self.client.get(PAGE), asked)
        self.client.logout()
        self.assertContains(self.client.get("/accounts/login/"), asked)
        self.assertContains(self.client.get("/accounts/login/"), "js/browser-zone.js")

    def test_who_chose_a_zone_is_not_asked(self) -> None:
        self.client.post(PAGE, {**DARK})
        self.assertNotContains(self.client.get(PAGE), "zone-cookie")

    def test_the_zone_ends_with_the_request(self) -> None:
        self.client.cookies[ZONE] = "Asia/Tokyo"
        self.client.get(PAGE)
        self.assertEqual(timezone.get_current_timezone_name(), "UTC")


class Cost(PortalTestCase):
    def test_a_page_costs_no_query_more_and_only_the_page_of_preferences_reads_them(self) -> None:
        self.sign_in("olga")
        self.client.cookies[COOKIE] = "dark.compact.on.Europe/Berlin"
        with CaptureQueriesContext(connection) as captured:
            self.client.get(LIST)
        self.assertFalse([each for each in captured.captured_queries if "preferences" in each["sql"]])

    def test_a_request_that_was_never_read_has_the_defaults(self) -> None:
        self.assertEqual(cookies.of(RequestFactory().get("/")), Preferences())


class Shortcuts(PortalTestCase):
    def test_f37_the_list_holds_what_the_reader_may_use(self) -> None:
        for name, has_add, has_keys in (("olga", True, True), ("vic", False, True), ("nora", False, False)):
            self.sign_in(name)
            page = self.client.get(PAGE).content.decode()
            self.assertEqual('data-keys="n"' in page, has_add, name)
            self.assertEqual('data-keys="g k"' in page, has_keys, name)
            self.assertIn('data-keys="g p"', page)

    def test_f37_switched_off_there_is_neither_script_nor_list_nor_button(self) -> None:
        self.sign_in("olga")
        self.assertContains(self.client.get(PAGE), "js/shortcuts.js")
        self.client.post(PAGE, {"theme": "system", "density": "comfortable", "time_zone": ""})
        page = self.client.get(PAGE)
        for trace in ("js/shortcuts.js", "shortcuts-button", 'id="shortcuts"'):
            self.assertNotContains(page, trace)

    def test_every_page_of_the_menu_has_a_key_of_its_own(self) -> None:
        from portal.menu import ADMINISTRATION, MENU

        keys = [entry.key for entry in (*MENU, *ADMINISTRATION)]
        self.assertEqual(len(set(keys)), len(keys))
        self.assertTrue(all(len(key) == 1 and key.islower() for key in keys))


class BadPreferencesTests(PortalTestCase):
    def test_the_operation_refuses_what_no_preference_is_and_stores_nothing(self):
        user = self.sign_in("vic")
        for name, value, code in (
            ("theme", "pink", "invalid_choice"), ("theme", None, "required"), ("theme", ["dark"], "invalid"),
            ("density", "", "required"), ("density", "tight", "invalid_choice"), ("shortcuts", "yes", "invalid"),
            ("shortcuts", None, "required"), ("time_zone", "Mars/Olympus", "invalid_choice"),
            ("time_zone", "a\0b", "characters"), ("time_zone", "x" * 300, "max_length"), ("time_zone", 7, "invalid"),
        ):  # fmt: skip
            with self.subTest(name=name, value=value):
                with self.assertRaises(Invalid) as refused:
                    change_preferences(user.pk, **{name: value})
                self.assertEqual([(each.field, each.code) for each in refused.exception.faults], [(name, code)])
        self.assertEqual(of_account(user.pk), Preferences())
