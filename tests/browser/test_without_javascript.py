"""Everything but copying works with JavaScript switched off."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module", autouse=True)
def keys(stage):
    """Text by name; `plain full` has no uses left."""
    texts = {name: stage.create_key(name) for name in ("plain one", "plain two")}
    texts["plain full"] = stage.create_key("plain full", max_uses=1)
    stage.enroll(texts["plain full"])
    stage.create_keys([f"row {number:02}" for number in range(26)])
    return texts


@pytest.fixture
def page(open_page):
    return open_page(java_script_enabled=False)


@pytest.fixture
def few(open_page):
    """Three keys: in these tests each press loads the list again."""
    return open_page("/service-edge-keys/?q=plain+", java_script_enabled=False)


def button(page, name):
    return page.get_by_role("button", name=name, exact=True)


def details(page, name):
    row = page.locator("tbody", has=page.get_by_role("link", name=name, exact=True))
    return row.get_by_role("link", name="Signing Certificate")


def test_f01_f04_rows_expand_one_by_one_and_all_at_once(few):
    for key, now_open in (("Enter", True), ("Space", False)):
        button(few, "Details for plain one").press(key)
        expect(button(few, "Details for plain one")).to_have_attribute("aria-expanded", str(now_open).lower())
        expect(details(few, "plain one")).to_be_visible(visible=now_open)
    button(few, "Details for plain one").click()
    expect(details(few, "plain one")).to_be_visible()
    expect(details(few, "plain two")).to_be_hidden()
    button(few, "Details for plain two").click()
    expect(details(few, "plain two")).to_be_visible()
    button(few, "Details for plain one").click()
    expect(details(few, "plain one")).to_be_hidden()
    expect(details(few, "plain two")).to_be_visible()
    button(few, "Expand all").click()
    expect(details(few, "plain one")).to_be_visible()
    button(few, "Details for plain two").click()
    expect(details(few, "plain one")).to_be_visible()
    expect(details(few, "plain two")).to_be_hidden()
    button(few, "Expand all" if button(few, "Expand all").count() else "Collapse all").click()
    expect(details(few, "plain one")).to_be_hidden()


def test_f02_all_rows_open_with_one_press_and_the_address_keeps_it(page):
    button(page, "Expand all").click()
    for state in ("pressed", "reloaded", "back"):
        if state == "reloaded":
            page.reload()
        if state == "back":
            page.get_by_role("link", name="plain one", exact=True).click()
            expect(page.get_by_role("heading", level=1)).to_have_text("plain one")
            page.go_back()
        expect(page).to_have_url(re.compile(r"\?expand=all$"))
        expect(button(page, "Collapse all")).to_have_attribute("aria-expanded", "true")
        expect(page.locator("tr.details:visible")).to_have_count(25)
    button(page, "Collapse all").click()
    expect(page.locator("tr.details:visible")).to_have_count(0)
    assert "expand" not in page.url


def test_f04_lists_are_filtered_and_paged(page):
    page.get_by_label("Search").fill("row")
    button(page, "Filter").click()
    page.locator("summary", has_text="Utilization").click()
    page.get_by_label("Utilization", exact=True).select_option("Never used")
    button(page, "Apply filters").click()
    expect(page.locator("p.count")).to_have_text(re.compile(r"^26 of \d+ keys$"))
    first = [f"row {number:02}" for number in range(25)]
    expect(page.locator("tr.row > th > a")).to_have_text(first)
    page.get_by_role("link", name="Next").click()
    expect(page.locator("tr.row > th > a")).to_have_text(["row 25"])
    expect(page.get_by_label("Utilization", exact=True)).to_have_value("unused")
    page.get_by_role("link", name="Previous").click()
    expect(page.locator("tr.row > th > a")).to_have_text(first)


def test_the_warning_opens(page):
    button(page, "Why plain full cannot be copied").click()
    page.get_by_role("link", name="Raise the limit").click()
    expect(page).to_have_url(re.compile(r"/edit/#id_max_uses$"))


def test_f04_lists_sort(few):
    few.get_by_role("columnheader", name="Name").get_by_role("link").click()
    expect(few.get_by_role("columnheader", name="Name")).to_have_attribute("aria-sort", "descending")
    few.get_by_role("columnheader", name="Name").get_by_role("link").click()
    few.set_viewport_size({"width": 390, "height": 844})
    few.get_by_role("button", name="Sort: Name, A to Z").click()
    # Not clicked: a click scrolls the page first, and the menu follows its button one frame later.
    few.get_by_role("link", name="Newest first").press("Enter")
    expect(few.get_by_role("button", name="Sort: Newest first")).to_be_visible()


def test_f04_f15_the_file_is_downloaded(page, keys):
    with page.expect_download() as download:
        button(page, "Download key plain one").click()
    assert download.value.suggested_filename == "plain-one.provisioning-key.txt"
    assert download.value.path().read_text() == keys["plain one"] + "\n"


def test_showing_leads_to_the_text(page, keys):
    button(page, "Details for plain one").click()
    button(page, "Show key plain one").click()
    expect(page.locator("body")).to_have_text(keys["plain one"])


def test_f04_a_key_is_added_edited_and_deleted(page):
    page.get_by_role("link", name="Add key").click()
    page.get_by_label("Name", exact=True).fill("plain new")
    page.get_by_label("Private Service Edges Group").fill("London")
    button(page, "Create key").click()
    expect(page.locator("#provisioning-key")).to_have_text(re.compile(r"^1\|"))
    page.get_by_role("link", name="Done").click()
    page.get_by_role("link", name="Edit key plain new").click()
    page.get_by_label("Maximum # Of Private Service Edges").fill("12")
    button(page, "Save").click()
    expect(page.get_by_role("row", name=re.compile("plain new"))).to_contain_text("0 of 12")
    page.get_by_role("link", name="Delete key plain new").click()
    page.get_by_label("Type plain new to confirm").fill("plain new")
    button(page, "Delete key").click()
    expect(page.get_by_text("Deleted key “plain new”.")).to_be_visible()


def test_f28_errors_still_take_the_focus(page):
    page.goto("/service-edge-keys/add/")
    page.get_by_label("Name", exact=True).fill("a/b")
    button(page, "Create key").click()
    expect(page.get_by_role("alert")).to_be_focused()


def test_an_edge_is_revoked(page, stage, keys):
    stage.enroll(keys["plain two"])
    page.get_by_role("link", name="plain two", exact=True).click()
    page.get_by_role("link", name="Revoke edge plain two-1").click()
    button(page, "Revoke edge").click()
    confirm = page.get_by_label("Type plain two-1 to confirm")
    expect(confirm).to_be_focused()
    confirm.fill("plain two-1")
    page.get_by_label("Reason").select_option(label="No longer in operation")
    button(page, "Revoke edge").click()
    expect(page.get_by_text("Revoked edge")).to_be_visible()
    expect(page.get_by_role("cell", name="Revoked", exact=True)).to_be_visible()
