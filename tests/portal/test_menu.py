"""The frame: a menu of one level, the user menu, and whose portal it is."""

from __future__ import annotations

from tests.base import PortalTestCase
from tests.support.html import parsed, words

PAGE = "/preferences/"


class FrameTest(PortalTestCase):
    def test_the_menu_is_one_level_and_every_entry_has_an_icon(self) -> None:
        self.sign_in("ada")
        page = parsed(self.client.get(PAGE))
        sections = page.select("nav[aria-label=Main] > ul")
        self.assertEqual([len(each.select("li > a:first-child")) for each in sections], [1, 4, 4])
        self.assertTrue(page.select_one("nav[aria-label=Main] [href='/admin/auth/user/']"))
        for entry in page.select("nav[aria-label=Main] li > a:first-child"):
            self.assertTrue(entry.select("svg.icon"), entry)
        self.assertEqual(page.select("nav[aria-label=Main] ul ul"), [])

    def test_the_user_menu_names_the_user_and_the_role(self) -> None:
        roles = {
            "ada": "Administrator", "olga": "Operator", "vic": "Viewer", "tom": "Auditor", "sam": "Support",
            "sue": "Superuser", "nora": "No role",
        }  # fmt: skip
        for name, role in roles.items():
            self.sign_in(name)
            who = parsed(self.client.get(PAGE)).select("#user-menu .who")
            self.assertEqual([words(each) for each in who], [f"{name} {role}"])

    def test_the_top_bar_and_the_sign_in_page_show_the_organization_or_the_host(self) -> None:
        for organization, shown in (("", "portal.example.com"), ("Example Ltd", "Example Ltd")):
            with self.settings(ORGANIZATION=organization):
                self.client.logout()
                self.assertEqual(words(parsed(self.client.get("/accounts/login/")).select_one(".organization")), shown)
                self.sign_in("vic")
                self.assertEqual(words(parsed(self.client.get(PAGE)).select_one(".organization")), shown)

    def test_the_breadcrumb_and_the_menu_name_the_same_section_and_list(self) -> None:
        """Also on the pages beside a list, whose addresses do not begin with its own."""
        self.sign_in("ada")
        for address, section, entry in (
            ("/audit-log/", "Administration", "Audit log"),
            ("/lists/events/views/", "Administration", "Audit log"),
            ("/lists/keys/views/", "Infrastructure", "Service Edge Keys"),
            ("/lists/keys/bulk/?do=delete", "Infrastructure", "Service Edge Keys"),
            ("/preferences/", "Administration", "Preferences"),
        ):
            with self.subTest(address):
                page = parsed(self.client.get(address))
                self.assertEqual(words(page.select_one("nav.breadcrumb li")), section)
                current = page.select("nav[aria-label=Main] [aria-current=page]")
                self.assertEqual([words(each) for each in current], [entry])
