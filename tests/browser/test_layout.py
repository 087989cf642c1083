"""Where things stand: widths, what sticks, what the keyboard reaches, cards on a phone."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page, expect

from tests.browser.world import CERTIFICATES, LIST, build

pytestmark = pytest.mark.browser
PHONE = {"width": 390, "height": 844}
# What the row of a group with a disconnected edge has.
_DISCONNECTED = """cell => {
    const link = (textContent, className) =>
        Object.assign(document.createElement("a"), {href: "#", className, textContent});
    const connected = document.createElement("span");
    connected.append(link("1 connected", ""), " of ", link("7", "all"));
    cell.replaceChildren(connected, link("1 disconnected", "state warning"));
}"""
WIDTHS = [320, 390, 720, 768, 900, 1024, 1200, 1280, 1440, 1920]

# Values of a list whose head is hidden, or the other way round.
HALF_HIDDEN = """() => [...document.querySelectorAll(".list .row > *")].filter((cell) => {
    const head = cell.closest("table").tHead.rows[0].cells[cell.cellIndex];
    return getComputedStyle(cell).visibility !== getComputedStyle(head).visibility;
}).map((cell) => cell.dataset.label)"""

# What has the focus: its name, whether it is what one sees at its center, and whether it wears a ring.
FOCUS = """() => {
    const focused = document.activeElement;
    if (focused === document.body) return null;
    const box = focused.getClientRects()[0];
    const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
    const name = focused.getAttribute("aria-label") ?? focused.labels?.[0]?.textContent ?? focused.textContent;
    const ring = getComputedStyle(focused).outlineStyle !== "none";
    return { name: name.trim(), seen: focused.contains(top), ring };
}"""


@pytest.fixture(scope="module", autouse=True)
def world(stage, browser, signed_in):
    return build(stage, browser, signed_in)


def test_f39_nothing_scrolls_sideways_at_any_width(open_page, world):
    paths = (f"{LIST}?expand=all&per_page=100", world.own, f"{world.own}edit/", f"{LIST}add/", CERTIFICATES)
    page = open_page(paths[0])
    for path in (*paths, world.paths["Service Edge"]):
        if path != paths[0]:
            page.goto(path)
        # Of 24 rows that are alike but for a number, one is enough.
        page.locator("tbody.record", has_text=re.compile("many (?!00)")).evaluate_all(
            "rows => rows.forEach((row) => row.remove())"
        )
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate("[innerWidth, document.documentElement.scrollWidth]") == [width, width], path
            # What a card clips makes nothing scroll; it must not reach that far either.
            outside = page.evaluate("""() => [...document.querySelectorAll(".card")].flatMap((card) =>
                [...card.querySelectorAll("a, button, meter, code, th, td, dd")].filter((element) =>
                    element.checkVisibility() && !element.closest("[popover], .token, thead, [role=tablist]")
                    && element.getBoundingClientRect().right > card.getBoundingClientRect().right + 0.5
                ).map((element) => element.outerHTML.slice(0, 200)))""")
            assert outside == [], (path, width)
            # A column that is left out is left out whole, so that its values are not on those beside it.
            assert width < 768 or page.evaluate(HALF_HIDDEN) == [], (path, width)


def test_rows_of_groups_and_links_of_times_take_no_more_lines_than_they_need(open_page, world):
    page = open_page("/service-edge-groups/", viewport={"width": 1280, "height": 800})
    cell = page.locator(".groups [data-label='Edges'] > div").first
    cell.evaluate(_DISCONNECTED)
    assert cell.evaluate("cell => cell.closest('tr').offsetHeight") <= 46
    page.goto("/audit-log/")
    page.set_viewport_size(PHONE)
    links = page.locator("#segments a")
    links.locator("b").evaluate_all("all => all.forEach((number) => { number.textContent = '10,000+'; })")
    assert len(set(links.evaluate_all("all => all.map((link) => link.offsetTop)"))) == 2


@pytest.mark.parametrize("path", [f"{LIST}?expand=all&per_page=100", LIST])
def test_f34_the_head_of_the_table_stays_below_the_top_bar(open_page, path):
    page = open_page(path, viewport={"width": 1440, "height": 600})
    # To the last row, not below the table: there the head has left with it.
    page.locator("tbody.record").last.scroll_into_view_if_needed()
    tops = page.evaluate("""() => ({
        heads: [...document.querySelectorAll("thead th")].map((head) => head.getBoundingClientRect().top),
        bar: document.querySelector(".topbar").getBoundingClientRect().height,
        scrolled: scrollY,
    })""")
    assert tops["scrolled"] > 500
    assert set(tops["heads"]) == {tops["bar"]}


def stops(page: Page) -> list[dict]:
    """Every stop of the Tab key, in order."""
    found = []
    for _ in range(500):
        page.keyboard.press("Tab")
        stop = page.evaluate(FOCUS)
        if stop is None:
            return found
        found.append(stop)
    raise AssertionError("The Tab key never leaves the page.")


def assert_seen(found: list[dict]) -> None:
    assert [stop["name"] for stop in found if not stop["seen"] or not stop["ring"]] == []
    assert found[0]["name"] == "Skip to content"


def test_f35_the_keyboard_reaches_the_whole_list_and_the_focus_is_never_hidden(open_page):
    page = open_page(f"{LIST}?expand=all&q=kind")
    # With the bar of what is selected, which stays at the end of the window.
    page.evaluate("document.querySelector('input[name=row]:enabled').click()")
    expect(page.locator("#bulk-form")).to_be_visible()
    found = stops(page)
    names = [stop["name"] for stop in found]
    actions = ("Details for", "Copy key", "Edit key", "Delete key")
    for name in (*(f"{action} kind full" for action in actions), "Why kind full cannot be copied"):
        assert name in names
    for name in ("Account: admin", "Collapse all", "Add key", "100 rows per page", "Show key kind nearly full"):
        assert name in names
    assert_seen(found)


def test_the_whole_sort_menu_is_within_the_window(open_page):
    page = open_page(f"{LIST}?q=kind+full", viewport={"width": 1280, "height": 720})
    expect(page.locator(".sort-button")).to_be_hidden()
    for height in (720, 600, 450):
        page.set_viewport_size({"width": 767, "height": height})
        page.locator(".sort-button").click()
        top, bottom = page.locator("#sort-menu").evaluate(
            "menu => [menu.getBoundingClientRect().top, menu.getBoundingClientRect().bottom]"
        )
        assert 0 <= top < bottom <= height
        page.keyboard.press("Escape")
        expect(page.locator("#sort-menu")).to_be_hidden()
    page.locator(".sort-button").click()
    page.get_by_role("link", name="Newest first").press("Enter")
    page.wait_for_url("**sort=-created")


@pytest.mark.parametrize("size", [{"width": 1440, "height": 700}, PHONE], ids=["desk", "phone"])
def test_f35_the_focus_is_never_hidden_on_a_key_page_in_a_form_and_in_a_list(open_page, world, size):
    page = open_page(world.own, viewport=size)
    # Opened by script: the Tab key would go on from where the mouse was.
    page.evaluate("() => { document.querySelector('[data-show]').click(); }")
    page.locator("#shown-key:visible").wait_for()
    page.get_by_role("tab", name="Container").evaluate("tab => tab.click()")
    found = stops(page)
    assert_seen(found)
    assert {"Edit key many 00", "Hide key many 00", "Command for Container"} <= {stop["name"] for stop in found}
    page.goto(f"{LIST}add/")
    page.evaluate("() => { document.querySelector('details.more').open = true; }")
    # The page opens with the focus on its first field; back to its top.
    page.evaluate("() => { document.body.tabIndex = -1; document.body.focus(); }")
    found = stops(page)
    assert_seen(found)
    assert {"Name", "Signing Certificate", "Allowed networks (optional)", "Create key"} <= {
        stop["name"] for stop in found
    }
    page.goto(f"{LIST}?q=kind+full")
    assert_seen(stops(page))


def test_f36_icon_buttons_are_large_enough(open_page):
    page = open_page(f"{LIST}?q=kind")
    page.evaluate(AXE_SCRIPT)
    for width, least in ((1440, 32), (767, 44), (390, 44)):
        page.set_viewport_size({"width": width, "height": 800})
        sizes = page.locator(".icon-button:visible").evaluate_all(
            "all => all.map((each) => each.getBoundingClientRect()).map((box) => Math.min(box.width, box.height))"
        )
        assert len(sizes) > 20
        assert min(sizes) >= least
        found = page.evaluate("axe.run({ runOnly: { type: 'rule', values: ['target-size'] } })")
        assert len(found["passes"]) == 1
        assert found["violations"] == []


def test_f39_every_action_of_a_row_is_on_its_card(open_page):
    actions = {}
    page = open_page(f"{LIST}?q=kind")
    for width in (1440, 390):
        page.set_viewport_size({"width": width, "height": 844})
        actions[width] = page.locator("tbody.record :is(a, button):visible").evaluate_all(
            "all => all.map((each) => each.getAttribute('aria-label') ?? each.textContent)"
        )
    assert actions[390] == actions[1440]
    assert "Delete key kind nearly full" in actions[390]
    page.get_by_role("button", name="Details for kind nearly full").click()
    page.get_by_role("button", name="Show key kind nearly full").click()
    expect(page.locator("pre.secret:visible")).to_have_text(re.compile(r"^1\|"))


def test_f39_cards_are_labeled_and_keep_their_roles_in_the_accessibility_tree(open_page):
    page = open_page(f"{LIST}?q=kind+full", viewport=PHONE)
    cells = page.locator("tr.row > td[data-label]:visible")
    labels = cells.evaluate_all("cells => cells.map((cell) => getComputedStyle(cell, '::before').content)")
    assert labels == ['"Maximum"', '"Utilization"', '"Group"', '"Key"']
    nodes = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")["nodes"]
    roles = [node["role"]["value"] for node in nodes if not node["ignored"]]
    wanted = {"table": 1, "columnheader": 7, "row": 2, "rowheader": 1, "cell": 6}
    assert {role: roles.count(role) for role in wanted} == wanted
    heads = [node["name"]["value"] for node in nodes if node["role"]["value"] == "rowheader"]
    assert heads == ["kind full"]


def test_the_skip_link_leads_to_the_content(open_page):
    page = open_page(f"{LIST}?q=kind+full")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def test_the_menu_opens_on_a_phone(open_page):
    page = open_page(f"{LIST}?q=kind+full", viewport=PHONE)
    expect(page.get_by_role("navigation", name="Main")).to_be_hidden()
    page.get_by_role("button", name="Menu").click()
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Enrollment Certificates").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Enrollment Certificates")
