"""What a page is on paper, in forced colors, without motion, and written from right to left."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.browser.world import LIST, build
from tests.support.pdf import text_of

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def world(stage, browser, signed_in):
    return build(stage, browser, signed_in)


def on_paper(page: Page) -> str:
    page.wait_for_load_state()
    return text_of(page.pdf())


def test_f41_the_list_is_printed_with_names_and_panels_and_without_controls(open_page, world):
    found = on_paper(open_page(f"{LIST}?q=kind"))
    for text in (
        "kind full",
        "kind hidden",
        "SigningCertificate",
        "Managed by",
        "Last used",
        "1 of 1",
        "At limit",
        "Search: kind",
    ):
        assert text.replace(" ", "") in found
    for text in (
        "Sort:",
        "Collapse",
        "Expand",
        "Sign out",
        "Apply",
        "New key for this group",
        "api.private",
        "Never used",
    ):
        assert text.replace(" ", "") not in found


@pytest.mark.parametrize("place", ["in its row", "on its page"])
def test_f16_f41_a_text_that_is_shown_is_not_printed(open_page, world, place):
    page = open_page(world.own if place == "on its page" else f"{LIST}?q=many+00&expand=all")
    page.get_by_role("button", name="Show key many 00").first.click()
    box = page.locator("pre.secret:visible")
    box.wait_for()
    text = box.text_content()
    found = on_paper(page)
    assert "many00" in found
    # The head stands on the key's page in any case; it holds nothing of the secret.
    assert text[60:90] not in found


def test_f17_f41_the_page_of_a_new_key_is_printed_without_its_text(open_page, world):
    page = open_page(f"{LIST}add/")
    page.get_by_label("Name", exact=True).fill("new on paper")
    page.get_by_label("Private Service Edges Group").fill("London")
    page.get_by_role("button", name="Create key").click()
    text = page.locator("#provisioning-key").text_content()
    found = on_paper(page)
    assert "newonpaperisready" in found
    assert text[60:90] not in found


def test_f41_the_timeline_is_printed_with_exact_times(open_page, world):
    page = open_page(world.own)
    exact = page.locator("#timeline time").first.get_attribute("title")
    assert exact.replace(" ", "") in on_paper(page)


def test_the_reader_of_pdfs_finds_a_text_that_is_printed(open_page, world):
    """Without this the tests above would pass if the reader found nothing."""
    page = open_page(world.own)
    page.get_by_role("button", name="Show key many 00").first.click()
    page.locator("#shown-key:visible").wait_for()
    text = page.locator("#shown-key").text_content()
    page.evaluate("""() => {
        const copy = document.createElement("bdi");  // which breaks anywhere
        copy.textContent = document.getElementById("shown-key").textContent;
        document.querySelector("main").append(copy);
    }""")
    assert text in on_paper(page)


BARE = """() => [...document.querySelectorAll(
    ".button, .icon-button, .badge, .chip, .card, select, textarea, meter, "
    + "input:not([type=hidden], [type=checkbox], [type=radio])"
)].filter((element) => element.checkVisibility()).filter((element) => {
    const style = getComputedStyle(element);
    return style.borderTopStyle !== "solid" || parseFloat(style.borderTopWidth) < 1
        || style.borderTopColor === style.backgroundColor;
}).map((element) => element.outerHTML.slice(0, 160))"""


def test_f55_forced_colors_leave_a_border_on_every_control(open_page, world):
    page = open_page(f"{LIST}?q=kind&usage=full", forced_colors="active", reduced_motion="reduce")
    page.get_by_role("button", name="Filter").click()
    others = ("/", "/audit-log/?expand=all", "/service-edges/add/group/")
    for path in ("", f"{LIST}?expand=all", world.own, f"{LIST}add/", world.paths["Ended"], *others):
        if path:
            page.goto(path)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            assert page.evaluate(BARE) == [], (path, scheme)


def test_f55_forced_colors_show_the_current_page_and_an_unused_meter(open_page, world):
    page = open_page(f"{LIST}?sort=-uses&page=2", forced_colors="active")
    for place in (".nav-links [aria-current]", ".pager ol [aria-current]", ".sizes [aria-current]"):
        style = page.locator(place).evaluate("element => getComputedStyle(element).outline")
        assert "solid 2px" in style, place
    unused = page.locator("td.use meter").first
    border, inside = unused.evaluate(
        "meter => [getComputedStyle(meter).borderTopColor, getComputedStyle(meter).backgroundColor]"
    )
    assert unused.get_attribute("value") == "0"
    assert border != inside


def test_f55_nothing_moves_when_motion_is_reduced(open_page, world):
    first = f"{LIST}?q=kind"
    page = open_page(first)
    moving = {"reduce": 0, "no-preference": 0}
    for path in (first, world.own, f"{LIST}add/", "/nothing/"):
        if path != first:
            page.goto(path)
        for motion in moving:
            page.emulate_media(reduced_motion=motion)
            moving[motion] += page.evaluate("""[...document.querySelectorAll("*")].filter((element) => {
                const style = getComputedStyle(element);
                return parseFloat(style.transitionDuration) > 0 || style.animationName !== "none";
            }).length""")
    assert moving["reduce"] == 0
    assert moving["no-preference"] > 0, "the look at reduced motion would not see a transition"


def test_from_right_to_left_the_text_of_a_key_still_reads_from_left_to_right(open_page, world):
    page = open_page(f"{LIST}?q=kind&expand=all")
    page.evaluate("document.documentElement.dir = 'rtl'")
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280
    directions = page.locator(".token code").evaluate_all("all => all.map((each) => getComputedStyle(each).direction)")
    assert set(directions) == {"ltr"}
    # Digits belong to no direction: without care "4 of 5" would read "of 5 4".
    order = page.locator(".used, tr.details time:not(.badge)").evaluate_all("""all => all.map((each) => {
        const [text] = each.childNodes, range = document.createRange();
        const at = (start) => {
            range.setStart(text, start);
            range.setEnd(text, start + 1);
            return range.getBoundingClientRect().left;
        };
        return at(0) < at(text.length - 1);
    })""")
    assert len(order) > 4
    assert all(order)


def test_from_right_to_left_a_sentence_ends_at_its_end(open_page, world):
    page = open_page(f"{world.own}delete/")
    page.evaluate("document.documentElement.dir = 'rtl'")
    ends = """all => all.map((each) => {
        const walker = document.createTreeWalker(each, NodeFilter.SHOW_TEXT);
        const texts = [], range = document.createRange();
        while (walker.nextNode()) if (walker.currentNode.data.trim()) texts.push(walker.currentNode);
        const at = (text, start) => {
            range.setStart(text, start);
            range.setEnd(text, start + 1);
            return range.getBoundingClientRect().left;
        };
        const last = texts.at(-1);
        return [each.textContent.trim(), at(texts[0], 0) < at(last, last.data.trimEnd().length - 1)];
    })"""
    read = page.locator("h1").evaluate_all(ends)
    page.goto("/service-edge-groups/add/")
    page.evaluate("document.documentElement.dir = 'rtl'")
    read += page.locator(".hint:visible, label:visible").evaluate_all(ends)
    assert [text for text, straight in read if not straight] == []
    assert len(read) > 2


def test_from_right_to_left_a_page_is_mirrored(open_page, world):
    page = open_page(f"{LIST}?q=kind&expand=all", reduced_motion="reduce")
    boxes = """() => [".brand", "h1", ".bar .search", ".row th > a", ".row .toggle button", ".row .actions button",
        ".details dl", ".details dt", ".sizes", ".pager > p"].map((each) => {
            const range = document.createRange();
            range.selectNodeContents(document.querySelector(each));
            return range.getBoundingClientRect();
        })"""
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        page.evaluate("document.documentElement.dir = 'ltr'")
        straight = page.evaluate(boxes)
        page.evaluate("document.documentElement.dir = 'rtl'")
        for left, right in zip(straight, page.evaluate(boxes), strict=True):
            assert abs(width - right["right"] - left["left"]) <= 1, (left, right)
    turned = page.locator(".toggle .icon").first.evaluate("icon => getComputedStyle(icon).transform")
    assert turned == "matrix(0, 1, -1, 0, 0, 0)"  # open rows point down
    page.goto(f"{LIST}?q=kind")
    page.evaluate("document.documentElement.dir = 'rtl'")
    turned = page.locator(".toggle .icon").first.evaluate("icon => getComputedStyle(icon).transform")
    assert turned == "matrix(-1, 0, 0, 1, 0, 0)"  # closed ones to the left
