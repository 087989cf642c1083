"""Preferences in a real browser: theme, density, shortcuts and the browser's own time zone."""

from __future__ import annotations

import re
import statistics
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import sign_in
from tests.browser.looks import LOOKS, faults

pytestmark = pytest.mark.browser
LIST, PAGE = "/service-edge-keys/", "/preferences/"
HEIGHTS = "[...document.querySelectorAll('.row')].map((row) => row.getBoundingClientRect().height)"
OVERLAPS = """[...document.querySelectorAll('.row')].filter((row) => {
    const [meta, value] = ['.meta', 'td[data-label]'].map((each) => row.querySelector(each).getBoundingClientRect());
    return meta.bottom > value.top;
}).length"""
# What the page looked like before any script or style sheet could have repaired it.
FIRST_PAINT = """() => new Promise((resolve) => requestAnimationFrame(() => resolve(
    [document.documentElement.dataset.theme, getComputedStyle(document.documentElement).colorScheme])))"""


@pytest.fixture(scope="module", autouse=True)
def keys(stage) -> None:
    stage.create_keys([f"short {number}" for number in range(6)])


@pytest.fixture(autouse=True)
def defaults(stage) -> None:
    yield
    stage.shell("from portal.models import UserPreferences as U; U.objects.all().delete()")


def save(page: Page, **choices: str) -> None:
    """Save the page of the preferences, which is open, with some radio buttons chosen."""
    for choice in choices.values():
        page.get_by_label(choice, exact=True).check()
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Saved your preferences.").wait_for()


def focused(page: Page) -> str:
    return page.evaluate("document.activeElement.id")


def test_f33_compact_rows_are_at_most_36_pixels_and_stay_so(open_page: Callable[..., Page]) -> None:
    page = open_page(viewport={"width": 1440, "height": 900})
    button = page.get_by_role("button", name="Compact")
    expect(button).to_have_attribute("aria-pressed", "false")
    assert statistics.median(page.evaluate(HEIGHTS)) > 40
    with page.expect_response("**/preferences/density/"):
        button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    assert statistics.median(page.evaluate(HEIGHTS)) <= 36
    page.reload(wait_until="commit")
    page.wait_for_selector("html")
    assert page.evaluate("document.documentElement.dataset.density") == "compact"
    page.wait_for_load_state()
    assert statistics.median(page.evaluate(HEIGHTS)) <= 36
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate(OVERLAPS) == 0, "the state of a card is over its first value"
    page.set_viewport_size({"width": 1440, "height": 900})
    with page.expect_response("**/preferences/density/"):
        page.get_by_role("button", name="Compact").click()
    assert statistics.median(page.evaluate(HEIGHTS)) > 40


def test_f33_the_density_that_could_not_be_saved_is_taken_back(open_page: Callable[..., Page]) -> None:
    page = open_page()
    page.context.clear_cookies(name="session")
    page.get_by_role("button", name="Compact").click()
    expect(page.locator("#toast")).to_contain_text("could not be saved")
    expect(page.get_by_role("button", name="Compact")).to_have_attribute("aria-pressed", "false")
    assert page.evaluate("document.documentElement.dataset.density") == "comfortable"


def test_f33_without_javascript_the_button_leads_back_to_the_same_list(open_page: Callable[..., Page]) -> None:
    page = open_page(f"{LIST}?sort=-uses&q=short", java_script_enabled=False)
    page.get_by_role("button", name="Compact").click()
    expect(page.get_by_role("button", name="Compact")).to_have_attribute("aria-pressed", "true")
    assert page.url.endswith(f"{LIST}?sort=-uses&q=short")
    expect(page.get_by_role("button", name="Keyboard shortcuts")).to_have_count(0)
    page.goto(PAGE)
    page.get_by_label("Dark", exact=True).check()
    page.get_by_label("Time zone").select_option("Europe/Berlin")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.get_by_text("Europe/Berlin (CE")).to_be_visible()


@pytest.mark.parametrize(("choice", "device"), [("Dark", "light"), ("Light", "dark")])
def test_f38_the_chosen_theme_wins_over_the_device_from_the_first_paint(open_page, choice: str, device: str) -> None:
    page = open_page(PAGE, color_scheme=device, viewport={"width": 1440, "height": 900})
    save(page, theme=choice, density="Compact")
    # Its colors are those of a device of that scheme, which axe has seen: a style asks only for the color scheme
    # (tests/portal/test_static_files.py).
    for path in (f"{LIST}?expand=all", PAGE, "/enrollment-certificates/", f"{LIST}add/", "/nothing/"):
        page.goto(path, wait_until="commit")
        page.wait_for_selector("html")
        assert page.evaluate(FIRST_PAINT) == [choice.lower(), choice.lower()]
        page.wait_for_load_state()
        background = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (max(map(int, re.findall(r"\d+", background))) < 60) is (choice == "Dark")


@pytest.mark.parametrize("device", ["light", "dark"])
def test_f38_without_a_choice_the_device_decides_from_the_first_paint(open_page, device: str) -> None:
    page = open_page(PAGE, color_scheme=device)
    page.goto(LIST, wait_until="commit")
    page.wait_for_selector("html")
    assert page.evaluate(FIRST_PAINT) == ["system", "light dark"]
    page.wait_for_load_state()
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (max(map(int, re.findall(r"\d+", background))) < 60) is (device == "dark")


def test_the_page_is_clean_when_it_is_refused(open_page: Callable[..., Page]) -> None:
    """The page as it opens and the list of shortcuts: states of test_accessibility.py."""
    page = open_page(PAGE)
    page.evaluate("document.querySelector('#id_time_zone').append(new Option('Mars', 'Mars/Base', true, true))")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("Choose a time zone from the list")
    assert faults(page, LOOKS) == []


def test_f37_each_key_does_what_the_list_says(page: Page) -> None:
    page.keyboard.press("/")
    assert focused(page) == "id_q"
    assert page.input_value("#id_q") == ""
    page.locator("#id_q").blur()
    page.keyboard.press("x")
    expect(page.get_by_role("button", name="Collapse all")).to_be_visible()
    page.keyboard.press("x")
    expect(page.get_by_role("button", name="Expand all")).to_be_visible()
    for keys, path in (("n", f"{LIST}add/"), ("gp", PAGE), ("gc", "/enrollment-certificates/"), ("gk", LIST)):
        for key in keys:
            page.keyboard.press(key)
        page.wait_for_url(f"**{path}")
        page.locator("h1").click()
    for control, key in (("Add key", "n"), ("Expand all", "x"), ("Search", "/")):
        found = page.get_by_role("link", name=control).or_(page.get_by_role("button", name=control))
        assert found.or_(page.get_by_label(control, exact=True)).first.get_attribute("aria-keyshortcuts") == key


def test_f37_the_list_opens_closes_and_gives_the_focus_back(page: Page) -> None:
    button = page.get_by_role("button", name="Account")
    dialog = page.get_by_role("dialog", name="Keyboard shortcuts")

    def through_the_menu() -> None:
        button.click()
        page.get_by_role("button", name="Keyboard shortcuts").click()

    for open_it in (through_the_menu, lambda: page.keyboard.press("?")):
        button.focus()
        open_it()
        expect(dialog).to_be_visible()
        expect(dialog.get_by_role("button", name="Close")).to_be_focused()
        expect(dialog).to_contain_text("Expand or collapse all")
        page.keyboard.press("x")
        expect(page.locator("#expand-all")).to_have_attribute("aria-expanded", "false")
        page.keyboard.press("Escape")
        expect(dialog).to_be_hidden()
        expect(button).to_be_focused()


def test_f37_keys_are_ignored_where_people_type_and_with_modifiers(page: Page) -> None:
    page.keyboard.press("/")
    page.keyboard.type("/xn?gk")
    assert page.input_value("#id_q") == "/xn?gk"
    page.wait_for_url("**?q=*")
    page.fill("#id_q", "")
    page.wait_for_url(f"**{LIST}")
    page.get_by_role("button", name="Filter").click()
    page.locator("summary", has_text="Utilization").click()
    page.get_by_label("Utilization", exact=True).focus()
    page.keyboard.press("x")
    page.keyboard.press("Escape")
    page.locator("h1").evaluate("(title) => { title.contentEditable = 'true'; title.focus(); }")
    page.keyboard.press("x")
    page.locator("h1").evaluate("(title) => { title.contentEditable = 'inherit'; title.blur(); }")
    for modifier in ("Control", "Alt", "Meta"):
        page.keyboard.press(f"{modifier}+x")
    page.keyboard.press("g")
    page.keyboard.press("z")
    page.keyboard.press("k")
    expect(page.locator("#expand-all")).to_have_attribute("aria-expanded", "false")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert page.url.endswith(LIST)


def test_f37_switched_off_in_preferences_no_key_does_anything(open_page: Callable[..., Page]) -> None:
    page = open_page("about:blank")
    page.goto(PAGE)
    page.get_by_role("checkbox", name="Keyboard shortcuts").uncheck()
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Saved your preferences.").wait_for()
    scripts: list[str] = []
    page.on("request", lambda request: scripts.append(request.url))
    page.goto(LIST)
    expect(page.get_by_role("button", name="Keyboard shortcuts")).to_have_count(0)
    for key in ("/", "x", "?", "n", "g", "p"):
        page.keyboard.press(key)
    expect(page.locator("#expand-all")).to_have_attribute("aria-expanded", "false")
    assert page.url.endswith(LIST)
    assert not [url for url in scripts if "shortcuts" in url]


def test_f43_times_are_in_the_browsers_zone_from_the_first_page_after_signing_in(stage, browser) -> None:
    context = browser.new_context(base_url=stage.url, timezone_id="Asia/Calcutta")
    page = context.new_page()
    sign_in(page, "admin")
    shown = page.locator(".refresh time")
    expect(shown).to_have_attribute("title", re.compile(r"\d{4}, \d\d:\d\d:\d\d IST$"))
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", shown.get_attribute("datetime"))
    context.close()


def test_f43_a_browser_that_lost_the_cookie_tells_its_zone_again(open_page: Callable[..., Page]) -> None:
    page = open_page(PAGE, timezone_id="America/New_York")
    page.context.clear_cookies(name="zone")
    page.goto(f"{LIST}?expand=all")
    expect(page.locator("time").first).to_have_text(re.compile(r" UTC$"))
    page.reload()
    expect(page.locator("time").first).to_have_text(re.compile(r" E[SD]T$"))


def test_f43_without_javascript_times_are_in_utc_and_say_so(stage, browser) -> None:
    context = browser.new_context(base_url=stage.url, timezone_id="Asia/Tokyo", java_script_enabled=False)
    page = context.new_page()
    sign_in(page, "admin")
    page.goto(f"{LIST}?expand=all")
    expect(page.locator("time").first).to_have_text(re.compile(r" UTC$"))
    context.close()
