"""Across modules: the field of a group is one combobox that also makes a group (static/js/combobox.js)."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser
ADD = "/service-edge-keys/add/"
_SENT = """() => {
    const sent = new FormData(document.querySelector("main form.form"));
    return [sent.get("group"), sent.get("new_group")];
}"""


@pytest.fixture(scope="module", autouse=True)
def groups(stage):
    stage.shell("""
from tests.factories import make_group
for name in ("Lyon", "Lyon 2", "2024"):
    make_group(name, location="Lyon, France" if name == "Lyon" else "")
""")


@pytest.fixture
def page(open_page):
    return open_page(ADD)


@pytest.fixture
def field(page):
    return page.get_by_role("combobox", name="Private Service Edges Group")


def options(page):
    return page.get_by_role("listbox", name="Groups", exact=True).get_by_role("option")


def sent(page):
    """What the form would send as `group` and `new_group`."""
    return page.evaluate(_SENT)


def test_it_is_one_field_that_suggests_and_creates(page, field):
    expect(page.get_by_label("Or a new group")).to_be_hidden()
    expect(page.get_by_label("Name", exact=True)).to_be_focused()
    expect(field).to_have_attribute("aria-expanded", "false")
    field.fill("lyo")
    expect(options(page)).to_have_text(["LyonLyon, France0 keys", "Lyon 20 keys", "Create “lyo”"])
    expect(field).to_have_attribute("aria-expanded", "true")
    options(page).first.click()
    expect(field).to_have_value("Lyon")
    expect(field).to_be_focused()
    expect(options(page)).to_have_count(0)
    assert sent(page) == ["Lyon", ""]


def test_the_keyboard_alone_chooses_and_creates(page, field):
    field.press("ArrowDown")
    expect(options(page).first).to_be_visible()
    field.press("Escape")
    expect(field).to_have_attribute("aria-expanded", "false")
    field.fill("Lyons")
    expect(options(page)).to_have_text(["Create “Lyons”"])
    field.press("ArrowUp")
    expect(options(page)).to_have_attribute("aria-selected", "true")
    expect(field).to_have_attribute("aria-activedescendant", options(page).get_attribute("id"))
    field.press("Enter")
    expect(page.get_by_text("The new group “Lyons” is created with the key.")).to_be_visible()
    assert sent(page) == ["", "Lyons"]
    field.press("Backspace")
    expect(page.get_by_text("Choose or create a group.")).to_be_visible()
    assert sent(page) == ["Lyon", ""]


def test_a_name_typed_in_full_needs_no_choice(page, field):
    field.fill("LYON 2")
    expect(field).to_have_attribute("aria-expanded", "false")
    page.get_by_label("Maximum # Of Private Service Edges").focus()
    assert sent(page)[1] == ""
    page.get_by_label("Name", exact=True).fill("typed in full")
    page.get_by_role("button", name="Create key").click()
    expect(page.get_by_text("in the group Lyon 2,")).to_be_visible()


def test_a_group_with_a_number_for_its_name_is_sent_by_id(page, field):
    field.fill("202")
    page.get_by_role("option", name="2024 0 keys", exact=True).click()
    expect(field).to_have_value("2024")
    assert sent(page)[0] not in ("", "2024")
    page.get_by_label("Name", exact=True).fill("in 2024")
    page.get_by_role("button", name="Create key").click()
    expect(page.get_by_text("in the group 2024,")).to_be_visible()


def test_a_refused_form_shows_the_new_group_and_its_error_at_the_one_field(page, field):
    page.get_by_label("Name", exact=True).fill("a/b")
    field.fill("Nice")
    page.get_by_role("option", name="Create “Nice”").click()
    page.get_by_role("button", name="Create key").click()
    expect(page.get_by_role("alert")).to_be_focused()
    expect(field).to_have_value("Nice")
    assert sent(page) == ["", "Nice"]
    field.fill("N/ce")
    page.get_by_role("option", name="Create “N/ce”").click()
    page.get_by_role("button", name="Create key").click()
    expect(page.get_by_role("alert").get_by_role("link")).to_have_count(2)
    page.get_by_role("alert").get_by_role("link").last.click()
    expect(field).to_be_focused()
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_accessible_description(
        "The new group “N/ce” is created with the key. Use only letters, digits, spaces and . - _ in a name."
    )


def test_nothing_moves_while_the_page_loads(open_page):
    page = open_page("about:blank")  # which has no font in its cache
    page.goto(ADD)
    shift = """() => new Promise((resolve) => new PerformanceObserver((list) => resolve(
        list.getEntries().reduce((sum, entry) => sum + entry.value, 0)
    )).observe({type: "layout-shift", buffered: true}) || setTimeout(resolve, 500, 0))"""
    assert page.evaluate(shift) == 0


def test_the_text_of_a_key_is_not_asked_for(open_page):
    asked: list[str] = []
    page = open_page("about:blank")
    page.goto(ADD)
    page.on("request", lambda request: asked.append(request.url))
    field = page.get_by_role("combobox", name="Private Service Edges Group")
    field.fill(f"1|api.example.com|PSEK{'A' * 60}")
    field.click()
    # The click asks at once, so its question would be sent before the next one.
    with page.expect_request(lambda request: "q=lyo" in request.url):
        field.fill("lyo")
    assert not [address for address in asked if "PSEK" in address]


def test_where_nothing_is_found_and_the_field_makes_no_group_it_shows_that(open_page):
    page = open_page("/service-edges/add/choose-key/?begin")
    for step in ("Signing certificate", "Group"):
        page.get_by_role("button", name="Next").click()
        expect(page.get_by_role("heading", level=1)).to_have_text(step)
    # A draft that another test left may make a new group.
    page.get_by_label("Use an existing group").check()
    field = page.get_by_role("combobox", name="Private Service Edges Group")
    field.fill("Nowhere")
    expect(page.get_by_text("No group found. Create it below")).to_be_visible()
    field.fill("")
    expect(page.get_by_text("Type a part of its name.")).to_be_visible()
