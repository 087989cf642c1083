"""Adding keys in a real browser, and the page that shows a text once."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser
ADD = "/service-edge-keys/add/"


@pytest.fixture
def form(open_page):
    return open_page(ADD, permissions=["clipboard-read", "clipboard-write"])


def fill(page, name, *, viewable=True):
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Maximum # Of Private Service Edges").fill("7")
    page.get_by_label("Or a new group").fill(f"{name} group")
    page.get_by_label("View or Export Provisioning Key After Creation").set_checked(viewable)
    page.get_by_role("button", name="Create key").click()
    return page.locator("#provisioning-key")


def test_a_new_key_is_shown_copied_and_downloaded(form):
    text = fill(form, "new one").text_content()
    assert re.fullmatch(r"1\|[a-z.]+\|[A-Za-z0-9+/]{122}==", text)
    form.get_by_role("button", name="Copy key").click()
    expect(form.locator("#say")).to_have_text("Key copied to clipboard.")
    assert form.evaluate("navigator.clipboard.readText()") == text
    with form.expect_download() as download:
        form.get_by_role("button", name="Download key").click()
    assert download.value.suggested_filename == "new-one.provisioning-key.txt"
    assert download.value.path().read_text() == text + "\n"
    form.get_by_role("link", name="Done").click()
    expect(form.get_by_role("link", name="new one", exact=True)).to_be_visible()


def test_a_key_that_is_not_viewable_is_saved_by_the_browser_and_gone_afterwards(form):
    box = fill(form, "once only", viewable=False)
    text = box.text_content()
    expect(form.get_by_text("shown on this page only")).to_be_visible()
    requests = []
    form.on("request", lambda request: requests.append(request.url))
    with form.expect_download() as download:
        form.get_by_role("button", name="Download key").click()
    assert download.value.suggested_filename == "once-only.provisioning-key.txt"
    assert download.value.path().read_text() == text + "\n"
    assert [url for url in requests if not url.startswith("blob:")] == []
    form.get_by_role("link", name="Open the key's page").click()
    expect(form.get_by_text("Not viewable: the text was shown once")).to_be_visible()
    assert text not in form.content()


def test_the_text_wraps_inside_its_box(open_page):
    for width in (390, 1440):
        page = open_page(ADD, viewport={"width": width, "height": 800})
        fill(page, f"narrow {width}")
        assert page.evaluate("document.documentElement.scrollWidth") == width
        expect(page.get_by_role("button", name="Copy key")).to_be_in_viewport()


def test_errors_take_the_focus_and_lead_to_their_fields(form):
    form.get_by_label("Name", exact=True).fill("bad/name")
    form.get_by_role("button", name="Create key").click()
    expect(form).to_have_title(re.compile("^Error: "))
    expect(form.get_by_role("alert")).to_be_focused()
    form.get_by_role("alert").get_by_role("link", name=re.compile("Use only letters")).click()
    expect(form.get_by_label("Name", exact=True)).to_be_focused()
    expect(form.get_by_label("Name", exact=True)).to_have_value("bad/name")


def test_a_new_key_for_the_group_of_a_row_starts_with_that_group(open_page, stage):
    stage.create_key("in Rome", group="Rome")
    page = open_page("/service-edge-keys/")
    row = page.locator("tbody", has=page.get_by_role("link", name="in Rome", exact=True))
    row.get_by_role("button", name="Details for in Rome").click()
    row.get_by_role("link", name="New key for this group").click()
    expect(page.get_by_label("Private Service Edges Group")).to_have_value("Rome")


def test_two_people_editing_at_once_are_told(open_page, stage):
    stage.create_key("shared")
    first, second = open_page(), open_page()
    for page in (first, second):
        page.get_by_role("link", name="Edit key shared").click()
    first.get_by_label("Maximum # Of Private Service Edges").fill("50")
    first.get_by_role("button", name="Save").click()
    second.get_by_label("Maximum # Of Private Service Edges").fill("20")
    second.get_by_role("button", name="Save").click()
    expect(second.get_by_role("alert")).to_be_focused()
    expect(second.get_by_role("row", name=re.compile("50 20"))).to_be_visible()
    second.get_by_role("button", name="Save my values").click()
    expect(second.get_by_role("status").first).to_contain_text("Saved shared.")
