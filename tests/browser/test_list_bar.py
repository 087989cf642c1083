"""The bar and the rows of a list in a real browser: results as you type, filters without Apply, limits in place."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, Route, expect

pytestmark = pytest.mark.browser
LIST = "/service-edge-keys/"
_RAISED_ELSEWHERE = """
from keys.models import ProvisioningKey
ProvisioningKey.objects.filter(name="live full").update(max_uses=9)
"""


@pytest.fixture(scope="module", autouse=True)
def keys(stage):
    """Text by name; `live full` has no uses left."""
    texts = {name: stage.create_key(name, group="Live town") for name in ("live one", "live two")}
    texts["live full"] = stage.create_key("live full", max_uses=1)
    stage.enroll(texts["live full"])
    stage.create_keys([f"row {number:02}" for number in range(30)])
    return texts


def rows(page: Page):
    return page.locator("tr.row > th > a")


def count(page: Page):
    return page.locator("p.count[role=status]")


def search(page: Page):
    return page.get_by_role("searchbox", name="Search")


def test_results_come_as_one_types_and_the_field_keeps_focus_and_caret(page):
    page.evaluate("window.stayed = true")
    search(page).focus()
    page.keyboard.type("lve ")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    page.keyboard.type("i")
    expect(count(page)).to_have_text(re.compile(r"^3 of \d+ keys$"))
    expect(rows(page)).to_have_text(["live full", "live one", "live two"])
    expect(page).to_have_url(re.compile(rf"{LIST}\?q=live\+$"))
    expect(search(page)).to_be_focused()
    assert search(page).evaluate("field => [field.value, field.selectionStart]") == ["live ", 2]
    assert page.evaluate("window.stayed")
    # Everything else of the page is of the new state too.
    expect(page.get_by_role("link", name="At limit 1")).to_have_attribute("href", "?q=live&usage=full")
    expect(page.get_by_role("list", name="Applied filters")).to_contain_text("Search: live")
    page.get_by_role("button", name="Details for live one").click()
    expect(page.locator("tr.details:visible")).to_have_count(1)
    search(page).fill("")
    expect(count(page)).to_have_text(re.compile(r"^\d+ keys$"))
    expect(page).to_have_url(re.compile(rf"{LIST}$"))


def test_a_page_that_finds_nothing_is_left_by_typing_on(open_page):
    page = open_page(f"{LIST}?q=live")
    search(page).fill("no such key")
    expect(page.get_by_role("heading", name="No keys match these filters")).to_be_visible()
    search(page).fill("live one")
    expect(rows(page)).to_have_text(["live one"])
    page.get_by_role("button", name="Expand all").click()
    expect(page.locator("tr.details:visible")).to_have_count(1)


def test_a_filter_applies_when_it_is_chosen_and_the_panel_closes(page):
    expect(page.get_by_role("button", name="Apply")).to_have_count(0)
    page.get_by_role("button", name="Filter", exact=True).click()
    panel = page.get_by_role("group", name="Filters")
    expect(panel.get_by_label("Group, name or id")).to_be_hidden()
    panel.get_by_text("Group", exact=True).first.click()
    expect(panel.get_by_label("Group, name or id")).to_be_focused()
    page.keyboard.type("Live town")
    page.keyboard.press("Enter")
    expect(rows(page)).to_have_text(["live one", "live two"])
    expect(panel).to_be_hidden()
    expect(page.get_by_role("button", name="Filter", exact=True)).to_be_focused()
    # A second group can be added, and a wrong one is explained where the focus then is.
    page.keyboard.press("Enter")
    panel.locator("summary", has_text="Group").click()
    panel.get_by_label("Another group, name or id").fill("nowhere")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert").first).to_be_focused()
    expect(panel.get_by_label("Group 2, name or id")).to_have_value("nowhere")
    expect(rows(page)).to_have_count(0)


def test_the_text_of_a_key_is_replaced_before_anything_is_sent(open_page, keys):
    asked: list[str] = []
    page = open_page("about:blank")
    page.goto(f"{LIST}?q=live")
    page.on("request", lambda request: asked.append(request.url))
    search(page).fill(keys["live two"])
    expect(rows(page)).to_have_text(["live two"])
    expect(page.get_by_text("That was the text of a key")).to_be_visible()
    assert re.fullmatch("[0-9a-f]{32}", search(page).input_value())
    assert asked
    assert not [address for address in asked if "PSEK" in address]


def test_segments_lead_to_what_they_count(page):
    page.get_by_role("link", name=re.compile("^At limit 1$")).click()
    expect(page).to_have_url(re.compile(rf"{LIST}\?usage=full$"))
    expect(rows(page)).to_have_text(["live full"])
    page.get_by_role("link", name="All", exact=True).click()
    expect(page).to_have_url(re.compile(rf"{LIST}\??$"))


def test_the_limit_is_raised_in_the_row(open_page, stage):
    page = open_page(f"{LIST}?q=row+0&expand=all")
    page.get_by_role("link", name="Raise limit of row 01, now 1").click()
    field = page.get_by_label("New limit").locator("visible=true")
    expect(field).to_be_focused()
    page.keyboard.type("1")
    page.keyboard.press("Enter")
    assert field.evaluate("field => field.validity.rangeUnderflow")
    page.keyboard.type("2500")
    page.keyboard.press("Enter")
    expect(page.locator("#toast[role=status]")).to_have_text(re.compile("Limit of “row 01” raised to 12,?500."))
    expect(page.get_by_role("link", name=re.compile("Raise limit of row 01, now 12,?500"))).to_be_visible()
    expect(page.get_by_label("New limit").locator("visible=true")).to_have_count(0)
    expect(page.locator("tr.details:visible")).to_have_count(10)
    assert any("'max_uses': ['1', '12500']" in line for line in stage.audit("row 01"))


def test_the_limit_is_raised_in_the_warning_and_a_refusal_is_shown_there(open_page, stage):
    page = open_page(f"{LIST}?q=live")
    page.get_by_role("button", name="Why live full cannot be copied").press("Enter")
    panel = page.locator("[popover]:popover-open")
    expect(panel.get_by_role("link", name="Raise the limit")).to_be_visible()
    panel.get_by_label("New limit").fill("3")
    stage.shell(_RAISED_ELSEWHERE)
    panel.get_by_role("button", name="Save limit").click()
    expect(panel.get_by_role("alert")).to_have_text("The limit is 9 already. Enter a higher number.")
    panel.get_by_label("New limit").fill("10")
    panel.get_by_role("button", name="Save limit").click()
    expect(page.locator("#toast")).to_have_text("Limit of “live full” raised to 10.")
    expect(page.get_by_role("button", name="Why live full cannot be copied")).to_have_count(0)
    expect(page.get_by_role("button", name="Copy key live full")).to_be_enabled()
    expect(page.get_by_role("button", name="Details for live full")).to_be_focused()


LONG = "long " + "w" * 50 + " and so many words that they would need more than the two lines that a key has for a name"


def test_rows_are_low_aligned_and_soon_on_the_page(open_page, stage):
    stage.create_key(LONG, group="A group with a long name that does not fit its column at all")
    stage.enroll(stage.create_key("low full", max_uses=1))
    stage.create_key("low hidden", viewable=False)
    page = open_page(LIST)
    for width in (1280, 1920):
        page.set_viewport_size({"width": width, "height": 900})
        boxes = page.locator("tr.row").evaluate_all("""rows => rows.map((row) => {
            const box = (each) => each?.getBoundingClientRect();
            return { top: box(row).top, bottom: box(row).bottom, name: row.querySelector("th").textContent.trim() };
        })""")
        heights = {box["name"].split("\n")[0]: box["bottom"] - box["top"] for box in boxes}
        assert heights.pop(LONG) <= 72
        assert max(heights.values()) <= 46
        assert boxes[0]["top"] <= 300
        assert sum(box["bottom"] <= 900 for box in boxes) >= 12
        # Each action is in the same place on every row, also where a row has not all of them.
        for action in ("Copy", "Download", "Edit", "Delete"):
            lefts = page.locator(f"tr.row [aria-label^='{action} key']").evaluate_all(
                "all => all.map((each) => Math.round(each.getBoundingClientRect().left))"
            )
            assert len(set(lefts)) == 1, action
    # Of a name that is cut, its end is shown too, but not as a part of the name.
    long = page.get_by_role("link", name=LONG, exact=True)
    assert "has for a name"[-10:] in long.evaluate("link => getComputedStyle(link, '::before').content")
    assert_end_is_shown_only_while_cut(page)
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.locator("tbody.record").first.bounding_box()["y"] <= 420
    long.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(LONG)
    # On a phone three lines are too few for it.
    expect(page.get_by_text("Show all")).to_be_visible()
    page.set_viewport_size({"width": 1920, "height": 900})
    expect(page.get_by_text("Show all")).to_be_hidden()


def assert_end_is_shown_only_while_cut(page: Page) -> None:
    """Also after the column was narrower: the end takes room, for which alone the name would be cut."""
    link = page.locator("th > [data-end]").first.evaluate_handle("""link => {
        const copy = link.cloneNode();
        copy.textContent = copy.title = "mmmmmmmm mmmmmmmm";
        link.after(copy);
        return copy;
    }""")
    for width, position in (("9em", "absolute"), ("5em", "static"), ("9em", "absolute")):
        link.evaluate("(link, width) => link.style.inlineSize = width", width)
        shown = "([link, position]) => getComputedStyle(link, '::before').position === position"
        page.wait_for_function(shown, arg=[link, position], timeout=5000)


def test_a_meter_is_filled_over_its_whole_height(open_page, stage):
    """Chromium centers a bar of its own height in the meter."""
    page = open_page(f"{LIST}?q=live+full", device_scale_factor=4)
    page.locator("td.use meter").first.evaluate("meter => { meter.max = 2; meter.value = 1; }")
    shades = page.locator("td.use meter").first.screenshot()
    assert filled(page, shades) == [True] * 5


def filled(page: Page, png: bytes) -> list[bool]:
    """For each line of a picture with four pixels for one: whether its color left and right of the middle differs."""
    return page.evaluate(
        """async (bytes) => {
            const image = await createImageBitmap(new Blob([new Uint8Array(bytes)]));
            const canvas = new OffscreenCanvas(image.width, 28).getContext("2d", { willReadFrequently: true });
            canvas.drawImage(image, 0, 0);
            const at = (x, y) => [...canvas.getImageData(x, y, 1, 1).data].join();
            const [left, right] = [0.25, 0.75].map((part) => Math.floor(image.width * part));
            const lines = [6, 10, 14, 18, 22];
            return lines.map((line) => at(left, line) !== at(right, line));
        }""",
        list(png),
    )


def test_an_invalid_field_is_red(open_page):
    page = open_page(f"{LIST}?group=nowhere")
    border, danger = page.locator("#id_group").evaluate("""field => {
        const probe = document.createElement("p");
        probe.style.color = "var(--danger)";
        document.body.append(probe);
        return [getComputedStyle(field).borderTopColor, getComputedStyle(probe).color];
    }""")
    assert border == danger


def test_a_late_answer_leaves_the_filter_that_is_being_set(page):
    held = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route(re.compile(r"\?q=live$"), hold)
    with page.expect_request(re.compile(r"\?q=live$")):
        search(page).fill("live")
    page.get_by_role("button", name="Filter", exact=True).click()
    page.locator("#filter-menu summary", has_text=re.compile("^Group$")).click()
    with page.expect_response(re.compile(r"\?q=live$")):
        held.pop().continue_()
    expect(count(page)).to_have_text(re.compile(r"^3 of \d+ keys$"))
    page.get_by_label("Group, name or id").fill("Live town")
    page.get_by_label("Group, name or id").press("Enter")
    expect(rows(page)).to_have_text(["live one", "live two"])
    expect(page).to_have_url(re.compile(rf"{LIST}\?q=live&group=Live\+town$"))


def test_f30_the_head_selects_the_page_then_all_that_match_and_the_bar_counts(page):
    page.goto(f"{LIST}?q=row")
    head, bar = page.get_by_label("Select all rows of this page"), page.locator("#bulk-form")
    expect(bar).to_be_hidden()
    head.focus()
    page.keyboard.press("Space")
    expect(bar).to_contain_text("25 keys selected")
    page.get_by_text("Select all 30 matching").click()
    expect(bar).to_contain_text("30 keys selected")
    page.get_by_label("Select row 03").uncheck()
    expect(bar).to_contain_text("24 keys selected")
    head.check()
    page.get_by_text("Select all 30 matching").click()
    bar.get_by_role("button", name="Disable").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Disable 30 keys?")
    page.get_by_role("button", name="Disable 30 keys").click()
    expect(page.get_by_role("status").first).to_contain_text("Disabled 30 keys: “row 00”, “row 01”,")
