"""axe finds nothing, nothing scrolls sideways, and the keyboard reaches and sees everything."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import MANIFEST

pytestmark = pytest.mark.browser
LIST = "/service-edge-keys/"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
LOOKS = [
    pytest.param({"color_scheme": "light", "viewport": {"width": 1440, "height": 900}}, id="light"),
    pytest.param({"color_scheme": "dark", "viewport": {"width": 1440, "height": 900}}, id="dark"),
    pytest.param({"color_scheme": "light", "viewport": {"width": 390, "height": 844}}, id="phone"),
    pytest.param({"color_scheme": "dark", "viewport": {"width": 390, "height": 844}}, id="phone-dark"),
]


@pytest.fixture(scope="module", autouse=True)
def rows_of_every_kind(stage):
    stage.apply_manifest(MANIFEST)
    full = stage.create_key("kind full", max_uses=1)
    stage.enroll(full)
    stage.create_key("kind hidden", viewable=False)
    stage.create_key("kind free " + "long " * 40)


def assert_clean(page: Page) -> None:
    results = Axe().run(page, options={"runOnly": {"type": "tag", "values": TAGS}})
    assert results.violations_count == 0, results.generate_report()
    width = page.viewport_size["width"]
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("look", LOOKS)
def test_every_page_is_clean(open_page, look):
    page = open_page(f"{LIST}?expand=all&per_page=100", **look)
    assert_clean(page)
    key = page.get_by_role("link", name="kind full", exact=True).get_attribute("href")
    page.get_by_role("button", name="Why kind full cannot be copied").click()
    assert_clean(page)
    for query in ("q=kind&usage=full&visible=yes", "q=nothing+has+this+name", "group=nowhere&group=London&cert=x"):
        page.goto(f"{LIST}?{query}")
        if not page.locator("details.more-filters[open]").count():
            page.get_by_text("More filters").click()
        assert_clean(page)
    page.goto(LIST)
    page.get_by_role("button", name=re.compile("^Sort")).click()
    assert_clean(page)
    for path in (
        key,
        f"{key}edit/",
        f"{key}delete/",
        f"{key}revoke/",
        f"{LIST}add/",
        "/enrollment-certificates/",
        "/nothing/",
    ):
        page.goto(path)
        if page.locator(".deploy").count():
            page.locator(".deploy summary").first.click()
        assert_clean(page)
    page.goto("/enrollment-certificates/")
    page.get_by_role("link", name="Service Edge", exact=True).click()
    assert_clean(page)


@pytest.mark.parametrize("look", LOOKS)
def test_every_state_of_a_form_is_clean(open_page, look):
    page = open_page(f"{LIST}add/", **look)
    page.get_by_text("More settings").click()
    page.get_by_label("Name", exact=True).fill("a/b")
    page.get_by_role("button", name="Create key").click()
    assert_clean(page)
    page.get_by_label("Name", exact=True).fill(f"clean {look['color_scheme']} {look['viewport']['width']}")
    page.get_by_label("Private Service Edges Group").fill("London")
    page.get_by_label("View or Export").uncheck()
    page.get_by_role("button", name="Create key").click()
    page.locator("#provisioning-key").wait_for()
    assert_clean(page)


@pytest.mark.parametrize("look", LOOKS)
def test_the_delete_dialog_is_clean(open_page, look):
    page = open_page(**look)
    page.get_by_role("link", name="Delete key kind full").click()
    assert_clean(page)


@pytest.mark.parametrize("look", LOOKS)
def test_the_sign_in_page_is_clean(open_page, look):
    page = open_page("/accounts/login/", storage_state=None, **look)
    assert_clean(page)
    page.get_by_label("Username").fill("nobody")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("The user name or password is not right.")
    assert_clean(page)


@pytest.mark.parametrize("width", [320, 390, 768, 900, 1024, 1200, 1280, 1440, 1920])
def test_nothing_scrolls_sideways_at_any_width(open_page, width):
    page = open_page(f"{LIST}?expand=all&per_page=100", viewport={"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    # What the card clips makes nothing scroll; it must not reach that far either.
    outside = page.evaluate("""() => {
        const card = document.querySelector(".card").getBoundingClientRect();
        return [...document.querySelectorAll(".card :is(a, button, meter, code)")]
            .filter((element) => element.checkVisibility() && element.getBoundingClientRect().right > card.right)
            .map((element) => element.outerHTML);
    }""")
    assert outside == []


def test_the_keyboard_reaches_everything_and_the_focus_is_never_hidden(open_page):
    page = open_page(f"{LIST}?expand=all")
    stops = []
    for _ in range(400):
        page.keyboard.press("Tab")
        stop = page.evaluate("""() => {
            const focused = document.activeElement;
            if (focused === document.body) return null;
            const box = focused.getBoundingClientRect();
            const top = document.elementFromPoint(box.x + box.width / 2, box.y + Math.min(box.height / 2, 10));
            const seen = focused.contains(top) || (top?.contains(focused) ?? false);
            const name = focused.getAttribute("aria-label") ?? focused.textContent.trim();
            return { name, seen, ring: getComputedStyle(focused).outlineStyle };
        }""")
        if stop is None:
            break
        stops.append(stop)
    names = [stop["name"] for stop in stops]
    assert names[0] == "Skip to content"
    expected = ("Details for kind full", "Why kind full cannot be copied", "Edit key kind full", "Copy key kind full")
    for name in (*expected, "Sign out", "Collapse all", "Add key"):
        assert name in names
    assert [stop["name"] for stop in stops if not stop["seen"] or stop["ring"] == "none"] == []


def test_the_skip_link_leads_to_the_content(open_page):
    page = open_page()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def test_the_menu_opens_on_a_phone(open_page):
    page = open_page(viewport={"width": 390, "height": 844})
    expect(page.get_by_role("navigation", name="Main")).to_be_hidden()
    page.get_by_role("button", name="Menu").click()
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Enrollment Certificates").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Enrollment Certificates")


def test_cards_keep_the_roles_of_the_table_and_large_targets(open_page):
    page = open_page(viewport={"width": 390, "height": 844})
    expect(page.get_by_role("table")).to_be_visible()
    expect(page.get_by_role("rowheader", name="kind full", exact=True)).to_be_visible()
    box = page.get_by_role("button", name="Why kind full cannot be copied").bounding_box()
    assert min(box["width"], box["height"]) >= 44


def test_forced_colors_keep_the_borders_of_controls(open_page):
    page = open_page(forced_colors="active")
    borders = page.locator(".icon-button").first.evaluate("element => getComputedStyle(element).borderStyle")
    assert borders == "solid"


def test_nothing_moves_when_motion_is_reduced(open_page):
    page = open_page(reduced_motion="reduce")
    moving = page.evaluate("""[...document.querySelectorAll("*")].filter(
        (element) => parseFloat(getComputedStyle(element).transitionDuration) > 0).length""")
    assert moving == 0
