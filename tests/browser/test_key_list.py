"""Service Edge Keys in a real browser: expand, copy, raise the limit, show, download, delete."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser
LIST = "/service-edge-keys/"
IDS: dict[str, str] = {}


@pytest.fixture(scope="module", autouse=True)
def keys(stage):
    """Text by name; `full` has no uses left."""
    texts = {name: stage.create_key(name) for name in ("alpha", "beta", "gamma")}
    texts["full"] = stage.create_key("full", max_uses=1)
    texts["hidden"] = stage.create_key("hidden", viewable=False)
    stage.enroll(texts["full"])
    return texts


def button(page: Page, name: str):
    return page.get_by_role("button", name=name, exact=True)


def details(page: Page, name: str):
    return page.locator(f"#{button(page, f'Details for {name}').get_attribute('aria-controls')}")


def clipboard(page: Page) -> str:
    return page.evaluate("navigator.clipboard.readText()")


class TestExpanding:
    def test_a_row_opens_and_closes_in_place_and_keeps_the_focus(self, page):
        toggle = button(page, "Details for alpha")
        expect(details(page, "alpha")).to_be_hidden()
        for key, open_now in (("Enter", True), ("Space", False), ("Space", True)):
            toggle.press(key)
            expect(toggle).to_have_attribute("aria-expanded", str(open_now).lower())
            expect(details(page, "alpha")).to_be_visible(visible=open_now)
            expect(toggle).to_be_focused()
        expect(details(page, "beta")).to_be_hidden()
        expect(page).to_have_url(re.compile(r"\?expand=\d+$"))

    def test_the_row_link_leads_to_the_certificate(self, page):
        button(page, "Details for alpha").click()
        details(page, "alpha").get_by_role("link", name="Signing Certificate", exact=True).click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Service Edge")
        expect(page.get_by_text("SHA-256 fingerprint")).to_be_visible()

    def test_all_rows_open_at_once_and_the_address_remembers(self, page):
        button(page, "Expand all").click()
        expect(page).to_have_url(re.compile(r"\?expand=all$"))
        for state in ("pressed", "reloaded", "back"):
            if state == "reloaded":
                page.reload()
            if state == "back":
                page.get_by_role("link", name="alpha", exact=True).click()
                page.go_back()
            expect(button(page, "Collapse all")).to_have_attribute("aria-expanded", "true")
            for row in page.locator("tr.details").all():
                expect(row).to_be_visible()
        button(page, "Collapse all").click()
        expect(button(page, "Expand all")).to_be_visible()
        expect(page.locator("tr.details:visible")).to_have_count(0)

    def test_opening_the_last_row_by_hand_is_all_rows(self, page):
        for toggle in page.get_by_role("button", name=re.compile("^Details for")).all():
            toggle.click()
        expect(button(page, "Collapse all")).to_be_visible()


class TestCopying:
    def test_the_clipboard_holds_exactly_the_text(self, page, keys):
        button(page, "Copy key alpha").click()
        expect(page.locator("#say")).to_have_text("Key copied to clipboard.")
        assert clipboard(page) == keys["alpha"]
        assert keys["alpha"] not in page.content()

    def test_at_the_limit_copy_is_disabled_and_says_why(self, page):
        page.evaluate("navigator.clipboard.writeText('before')")
        copy = button(page, "Copy key full")
        expect(copy).to_be_disabled()
        for press in (lambda: copy.click(force=True), lambda: copy.press("Enter")):
            press()
            expect(page.locator("#say")).to_have_text("The only use of this key is taken, so it can't be copied.")
        expect(button(page, "Download key full")).to_be_disabled()
        assert clipboard(page) == "before"

    def test_a_key_that_is_not_viewable_offers_nothing(self, page):
        for action in ("Copy", "Download", "Show"):
            expect(button(page, f"{action} key hidden")).to_have_count(0)

    def test_the_server_refuses_even_when_the_page_is_old(self, page, stage):
        text = stage.create_key("soon full", max_uses=1)
        page.reload()
        stage.enroll(text)
        button(page, "Copy key soon full").click()
        expect(page.locator("#say")).to_have_text("The only use of this key is taken. Raise the limit first.")


_TAMPER = """
from keys.models import ProvisioningKey as Key
Key.objects.filter(name="tampered").update(sealed_token=Key.objects.get(name="beta").sealed_token)
"""


def test_b09_a_text_that_does_not_open_says_what_to_do(page, stage):
    """Its ciphertext was copied from another row."""
    stage.create_key("tampered")
    stage.live.manage("shell", "--verbosity", "0", "-c", _TAMPER)
    page.reload()
    page.evaluate("navigator.clipboard.writeText('before')")
    button(page, "Details for tampered").click()
    for action in ("Copy", "Show"):
        button(page, f"{action} key tampered").click()
        expect(page.locator("#say")).to_contain_text("can't be opened")
        expect(page.locator("#say")).to_contain_text("Make a new key for the same group")
        page.evaluate("document.getElementById('say').textContent = ''")
    assert clipboard(page) == "before"
    assert [line.split()[0] for line in stage.audit("tampered")] == ["key.created", "key.copied", "key.shown"]
    button(page, "Download key tampered").click()
    expect(page.get_by_text("Error 409")).to_be_visible()
    expect(page.get_by_text("Make a new key for the same group")).to_be_visible()


def test_the_warning_leads_to_the_limit_and_raising_it_lets_the_key_be_copied(page, stage):
    text = stage.create_key("raise me", max_uses=1)
    stage.enroll(text)
    page.reload()
    link = page.get_by_role("link", name="Raise the limit")
    expect(link).to_have_count(0)
    button(page, "Why raise me cannot be copied").press("Enter")
    expect(link).to_be_visible()
    link.click()
    field = page.get_by_label("Maximum # Of Private Service Edges")
    expect(field).to_be_focused()
    # The old limit is selected: typing replaces it.
    page.keyboard.type("2")
    expect(field).to_have_value("2")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").first).to_contain_text("Saved raise me.")
    expect(button(page, "Why raise me cannot be copied")).to_have_count(0)
    button(page, "Copy key raise me").click()
    expect(page.locator("#say")).to_have_text("Key copied to clipboard.")
    assert clipboard(page) == text


def test_escape_closes_the_warning_and_the_focus_stays(page):
    why = button(page, "Why full cannot be copied")
    why.click()
    expect(page.locator("[popover]:popover-open")).to_contain_text("The only use of this key is taken")
    page.keyboard.press("Escape")
    expect(page.locator("[popover]:popover-open")).to_have_count(0)
    expect(why).to_be_focused()


class TestShowing:
    def test_the_text_is_shown_until_hidden(self, page, keys):
        button(page, "Details for beta").click()
        button(page, "Show key beta").click()
        expect(details(page, "beta").locator("pre")).to_have_text(keys["beta"])
        button(page, "Hide key beta").click()
        expect(page.get_by_text(keys["beta"])).to_have_count(0)

    def test_it_disappears_after_a_minute(self, open_page, keys):
        page = open_page("about:blank")
        page.clock.install()
        page.goto(LIST)
        button(page, "Details for beta").click()
        button(page, "Show key beta").click()
        expect(page.get_by_text(keys["beta"])).to_be_visible()
        page.clock.run_for(59_000)
        expect(page.get_by_text(keys["beta"])).to_be_visible()
        page.clock.run_for(2_000)
        expect(page.get_by_text(keys["beta"])).to_have_count(0)

    def test_it_is_not_printed(self, page, keys):
        button(page, "Details for beta").click()
        button(page, "Show key beta").click()
        expect(page.get_by_text(keys["beta"])).to_be_visible()
        page.emulate_media(media="print")
        expect(page.get_by_text(keys["beta"])).to_be_hidden()
        expect(details(page, "gamma")).to_be_visible()


def test_download_saves_the_file(page, keys):
    with page.expect_download() as download:
        button(page, "Download key gamma").click()
    assert download.value.suggested_filename == "gamma.provisioning-key.txt"
    assert download.value.path().read_text() == keys["gamma"] + "\n"


class TestDeleting:
    def open_dialog(self, page, stage, name):
        stage.create_key(name)
        page.reload()
        page.get_by_role("link", name=f"Delete key {name}").click()
        return page.get_by_role("dialog")

    def test_the_button_wakes_when_the_name_is_typed(self, page, stage):
        dialog = self.open_dialog(page, stage, "delete me")
        expect(dialog).to_contain_text("Delete delete me?")
        submit = dialog.get_by_role("button", name="Delete key")
        expect(dialog.get_by_role("textbox")).to_be_focused()
        expect(submit).to_be_disabled()
        dialog.get_by_role("textbox").fill("delete ME")
        expect(submit).to_be_disabled()
        dialog.get_by_role("textbox").fill("delete me")
        submit.click()
        expect(page.get_by_role("status").first).to_contain_text("Deleted delete me.")
        expect(page.get_by_role("link", name="delete me", exact=True)).to_have_count(0)

    def test_escape_and_cancel_keep_the_key(self, page, stage):
        dialog = self.open_dialog(page, stage, "keep me")
        page.keyboard.press("Escape")
        expect(dialog).to_be_hidden()
        link = page.get_by_role("link", name="Delete key keep me")
        expect(link).to_be_focused()
        link.click()
        dialog.get_by_role("button", name="Cancel").click()
        expect(dialog).to_be_hidden()
        expect(page.get_by_role("link", name="keep me", exact=True)).to_be_visible()


def test_heads_sort_and_say_so(page):
    page.get_by_role("columnheader", name="Name").get_by_role("link").click()
    expect(page.get_by_role("columnheader", name="Name")).to_have_attribute("aria-sort", "descending")
    page.get_by_role("button", name="Sort: Name, Z to A").click()
    page.get_by_role("link", name="Newest first").click()
    expect(page).to_have_url(re.compile(r"\?sort=-created$"))


def test_row_heads_are_named_by_the_key(page):
    expect(page.get_by_role("rowheader", name="alpha", exact=True)).to_be_visible()
