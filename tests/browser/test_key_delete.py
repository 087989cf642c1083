"""F22: deleting is deliberate, in the dialog and on the page without JavaScript. F23: it leads back to the list."""

from __future__ import annotations

import itertools
import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import MANIFEST

pytestmark = pytest.mark.browser
LIST = "/service-edge-keys/"
NUMBERS = itertools.count(1)


@pytest.fixture(scope="module", autouse=True)
def keys(stage):
    """`doomed` has two edges, `resting` is disabled and has none."""
    text = stage.create_key("doomed", max_uses=5)
    stage.enroll(text)
    stage.enroll(text)
    stage.create_key("resting")
    stage.disable("resting")
    stage.apply_manifest(MANIFEST)


either_way = pytest.mark.parametrize("scripts", [True, False], ids=["with-js", "without-js"])


def asked(page, name):
    """Where it is asked whether to delete a key: the dialog, or the page."""
    page.get_by_role("link", name=f"Delete key {name}", exact=True).click()
    expect(page.get_by_role("heading", name=f"Delete {name}?")).to_be_visible()
    dialog = page.get_by_role("dialog")
    return dialog if dialog.count() else page.locator("main")


@either_way
def test_f22_it_names_the_key_its_consequences_and_its_edges_and_offers_the_gentler_way(open_page, scripts):
    page = open_page(f"{LIST}?q=doomed", java_script_enabled=scripts)
    place = asked(page, "doomed")
    for words in (
        "No further Private Service Edge can enroll with this key.",
        "keep running and renewing, and keep the key's name",
        "This cannot be undone.",
        "Type doomed to confirm",
    ):
        expect(place).to_contain_text(words)
    expect(place.locator("strong", has_text=re.compile(r"^2 edges$")).first).to_be_visible()
    place.get_by_role("link", name="Disable it instead").click()
    # The page behind the dialog is the list itself, so the browser says the search; the page asks with it.
    back = "" if scripts else r"\?back=q%3Ddoomed"
    expect(page).to_have_url(re.compile(f"/edit/{back}#id_enabled$"))
    expect(page.get_by_label("Enabled")).to_be_focused()


@either_way
def test_f22_what_is_disabled_already_is_not_offered_to_be_disabled(open_page, scripts):
    page = open_page(f"{LIST}?q=resting", java_script_enabled=scripts)
    place = asked(page, "resting")
    expect(place.get_by_role("link", name="Disable it instead")).to_be_hidden()
    expect(place.get_by_text("No edge has enrolled with it.")).to_be_visible()
    expect(place.get_by_text(re.compile("edges? enrolled with it")).locator("visible=true")).to_have_count(0)


@either_way
def test_f22_only_the_exact_name_deletes(open_page, stage, scripts):
    name = f"exact name {next(NUMBERS)}"
    stage.create_key(name)
    page = open_page(java_script_enabled=scripts)
    place = asked(page, name)
    field, submit = place.get_by_role("textbox"), place.get_by_role("button", name="Delete key")
    for wrong in ("", name.title(), name[:-1], name.replace(" ", "  "), f"{name}0"):
        field.fill(wrong)
        if place.get_attribute("id") == "delete-dialog":
            expect(submit).to_be_disabled()
            field.press("Enter")
            expect(place).to_be_visible()
        elif wrong:
            submit.click()
            expect(page).to_have_title(re.compile("^Error: "))
    field.fill(name)
    field.press("Enter")
    expect(page.get_by_role("status").first).to_contain_text(f"Deleted key “{name}”.")
    expect(page.get_by_role("link", name=name, exact=True)).to_have_count(0)


def test_f22_escape_and_cancel_keep_the_key_and_the_focus_returns(open_page):
    page = open_page()
    trash = page.get_by_role("link", name="Delete key doomed", exact=True)
    for leave in (
        lambda dialog: page.keyboard.press("Escape"),
        lambda dialog: dialog.get_by_role("button", name="Cancel").click(),
    ):
        trash.press("Enter")
        dialog = page.get_by_role("dialog")
        expect(dialog.get_by_role("textbox")).to_be_focused()
        dialog.get_by_role("textbox").fill("doomed")
        leave(dialog)
        expect(dialog).to_be_hidden()
        expect(trash).to_be_focused()
    trash.click()
    expect(page.get_by_role("dialog").get_by_role("textbox")).to_have_value("")
    expect(page.get_by_role("dialog").get_by_role("button", name="Delete key")).to_be_disabled()


def test_f22_without_javascript_cancel_leads_back(open_page):
    page = open_page(java_script_enabled=False)
    place = asked(page, "doomed")
    place.get_by_role("link", name="Cancel").click()
    expect(page.get_by_role("link", name="doomed", exact=True)).to_be_visible()


def test_f20_what_the_vendor_manages_has_no_trash_and_no_pencil_and_says_why(open_page):
    page = open_page()
    row = page.locator("tbody", has=page.get_by_role("link", name="vendor key", exact=True))
    expect(row.get_by_text("Managed by Zscaler")).to_be_visible()
    for verb in ("Edit", "Delete"):
        expect(row.get_by_role("link", name=f"{verb} key vendor key")).to_have_count(0)
    address = row.get_by_role("link", name="vendor key", exact=True).get_attribute("href")
    page.goto(address)
    expect(page.get_by_text("Managed by Zscaler").first).to_be_visible()
    for verb in ("Edit", "Delete"):
        expect(page.get_by_role("link", name=f"{verb} key vendor key")).to_have_count(0)
    for verb in ("edit", "delete"):
        response = page.goto(f"{address}{verb}/")
        assert response.status == 403
        expect(page.locator("main")).to_contain_text(
            "Zscaler manages “vendor key”. It cannot be edited or deleted here."
        )


class TestReturning:
    """F23: filters, order, page size and open rows are as they were. Forms: tests/keys/pages/test_returning.py."""

    STATE = "q=back&sort=-name&per_page=50"

    @pytest.fixture
    def names(self, stage):
        number = next(NUMBERS)
        kept, gone = f"back {number} kept", f"back {number} gone"
        for name in (kept, gone):
            stage.create_key(name)
        return kept, gone

    def assert_back(self, page, names, state=""):
        expect(page).to_have_url(re.compile(rf"{LIST}\?{re.escape(state or self.STATE)}$"))
        expect(page.get_by_role("searchbox", name="Search")).to_have_value("back")
        page.wait_for_load_state()
        shown = [name for name in page.locator(".row > th > a").all_inner_texts() if name in names]
        assert shown == sorted(names, reverse=True)

    @either_way
    def test_f23_deleting_leads_back_says_so_and_is_recorded(self, open_page, names, stage, scripts):
        page = open_page(f"{LIST}?{self.STATE}", java_script_enabled=scripts)
        kept, gone = names
        page.get_by_role("button", name=f"Details for {kept}").click()
        expect(page).to_have_url(re.compile("expand="))
        opened = urlsplit(page.url).query
        place = asked(page, gone)
        place.get_by_role("textbox").fill(gone)
        place.get_by_role("button", name="Delete key").click()
        expect(page.get_by_role("status").first).to_have_text(f"Deleted key “{gone}”.")
        self.assert_back(page, [kept], opened)
        expect(page.locator("tr.details:visible")).to_have_count(1)
        assert stage.audit(gone)[-1].startswith("key.deleted admin")

    def test_f23_saving_and_cancelling_lead_back(self, open_page, names):
        page = open_page(f"{LIST}?{self.STATE}")
        page.get_by_role("link", name=f"Edit key {names[0]}").click()
        page.get_by_label("Name", exact=True).fill("not/allowed")
        page.get_by_role("button", name="Save").click()
        expect(page).to_have_title(re.compile("^Error: "))
        page.get_by_label("Name", exact=True).fill(names[0])
        page.get_by_label("Maximum # Of Private Service Edges").fill("77")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("status").first).to_contain_text(f"Limit of “{names[0]}” raised to 77 · Copy key")
        self.assert_back(page, names)
        page.get_by_role("link", name=f"Edit key {names[0]}").click()
        page.get_by_role("link", name="Cancel").click()
        self.assert_back(page, names)
        page.get_by_role("link", name="Add key").click()
        page.get_by_role("navigation", name="Breadcrumb").get_by_role("link", name="Service Edge Keys").click()
        self.assert_back(page, names)

    def test_f23_the_key_page_leads_back_too(self, open_page, names):
        page = open_page(f"{LIST}?{self.STATE}")
        page.get_by_role("link", name=names[0], exact=True).click()
        page.get_by_role("link", name=f"Edit key {names[0]}").click()
        page.get_by_role("button", name="Save").click()
        self.assert_back(page, names)
        page.get_by_role("link", name=names[1], exact=True).click()
        place = asked(page, names[1])
        place.get_by_role("textbox").fill(names[1])
        place.get_by_role("button", name="Delete key").click()
        expect(page.get_by_role("status").first).to_have_text(f"Deleted key “{names[1]}”.")
        self.assert_back(page, names[:1])
