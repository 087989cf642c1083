"""The frame in a browser: the font, nothing that moves while a page loads, the user menu, support pages."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from tests.support.live import PASSWORD

pytestmark = pytest.mark.browser
LIST, PAGE = "/service-edge-keys/", "/preferences/"
PHONE = {"width": 390, "height": 844}
SHIFTS = """window.shifts = [];
new PerformanceObserver((list) => shifts.push(...list.getEntries().map((each) => each.value)))
    .observe({ type: "layout-shift", buffered: true });"""
# What moved until the page stood with its fonts, and in the frames after that.
SHIFTED = """async () => {
    await document.fonts.ready;
    for (let frame = 0; frame < 3; frame++) await new Promise(requestAnimationFrame);
    return new Promise((resolve) => setTimeout(() => resolve(shifts), 50));
}"""


@pytest.fixture(scope="module", autouse=True)
def keys(stage) -> None:
    stage.create_keys([f"frame {number}" for number in range(3)])


def hold_fonts(page: Page) -> list[Route]:
    """The requests for fonts that the page makes; none is answered until it is continued."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/*.woff2", hold)
    return held


@pytest.mark.parametrize("size", [{"width": 1280, "height": 900}, PHONE], ids=["desk", "phone"])
def test_nothing_moves_while_a_page_loads_even_if_the_font_is_late(open_page, size) -> None:
    for path in (LIST, PAGE):
        # A new context has no font in its cache.
        page = open_page("about:blank", viewport=size)
        held = hold_fonts(page)
        page.add_init_script(SHIFTS)
        page.goto(path, wait_until="domcontentloaded")
        page.wait_for_timeout(300)
        for route in held:
            route.continue_()
        page.wait_for_load_state()
        assert (page.evaluate(SHIFTED), len(held)) == ([], 1), path
    page.unroute_all()
    for other in (f"{LIST}add/", "/service-edges/", "/enrollment-certificates/", "/accounts/password/"):
        page.goto(other)
        assert page.evaluate(SHIFTED) == [], other


def test_text_is_set_in_the_font_that_the_portal_serves(open_page: Callable[..., Page]) -> None:
    page = open_page(PAGE)
    font = page.evaluate("document.fonts.ready.then((all) => [...all].find((each) => each.family === 'Inter').status)")
    assert font == "loaded"


def test_the_user_menu_opens_and_signs_out_without_javascript(open_page: Callable[..., Page]) -> None:
    # A session of its own, because the other tests share theirs.
    page = open_page("/accounts/login/", storage_state=None, java_script_enabled=False)
    expect(page.get_by_role("button", name="Show password")).to_have_count(0)
    page.get_by_label("Username").fill("admin")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    menu = page.get_by_role("navigation", name="Account")
    expect(menu).to_be_hidden()
    page.get_by_role("button", name="Account: admin").click()
    expect(menu).to_be_visible()
    expect(menu.get_by_role("button", name="Keyboard shortcuts")).to_have_count(0)
    menu.get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.get_by_role("button", name="Account: admin").click()
    menu.get_by_role("button", name="System").click()
    page.get_by_role("button", name="Account: admin").click()
    menu.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")


def test_the_user_menu_works_by_keyboard(open_page: Callable[..., Page]) -> None:
    page = open_page(PAGE)
    button = page.get_by_role("button", name="Account: admin")
    button.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("navigation", name="Account").get_by_role("link", name="Preferences")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("navigation", name="Account")).to_be_hidden()
    expect(button).to_be_focused()


def test_a_phone_has_no_button_for_the_keyboard(open_page: Callable[..., Page]) -> None:
    page = open_page(PAGE, viewport=PHONE)
    page.get_by_role("button", name="Account: admin").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    expect(page.get_by_role("button", name="Keyboard shortcuts")).to_be_hidden()


def test_f48_the_sign_in_page_takes_a_pasted_password_and_shows_it_on_request(open_page: Callable[..., Page]) -> None:
    page = open_page("/accounts/login/", storage_state=None, permissions=["clipboard-read", "clipboard-write"])
    page.evaluate("navigator.clipboard.writeText('from a vault')")
    for name in ("Username", "Password"):
        page.get_by_label(name, exact=True).press("Control+V")
        expect(page.get_by_label(name, exact=True)).to_have_value("from a vault")
    field, button = page.locator("#id_password"), page.get_by_role("button", name="Show password")
    for pressed, kind in (("true", "text"), ("false", "password")):
        button.click()
        expect(button).to_have_attribute("aria-pressed", pressed)
        expect(field).to_have_attribute("type", kind)


def test_the_support_pages_have_the_theme_and_the_font_of_the_portal(open_page: Callable[..., Page]) -> None:
    page = open_page(PAGE, color_scheme="light")
    light = page.evaluate("getComputedStyle(document.querySelector('.topbar')).backgroundColor")
    page.get_by_role("button", name="Account: admin").click()
    page.get_by_role("navigation", name="Account").get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    dark = page.evaluate("getComputedStyle(document.querySelector('.topbar')).backgroundColor")
    page.goto("/admin/")
    header = "getComputedStyle(document.querySelector('#header'))"
    assert page.evaluate(f"{header}.backgroundColor") == dark != light
    assert page.evaluate(f"{header}.fontFamily").startswith("Inter")
    page.goto(PAGE)
    page.get_by_role("button", name="Account: admin").click()
    page.get_by_role("navigation", name="Account").get_by_role("button", name="System").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "system")
    page.goto("/admin/")
    assert page.evaluate(f"{header}.backgroundColor") == light


def test_f49_one_press_makes_the_session_last_in_all_tabs(open_page) -> None:
    """The portal answers how long the session lasts: here two minutes, after a longer time, until somebody presses."""
    left = {"seconds": 1300, "last": False}

    def answer(route: Route) -> None:
        if route.request.method == "POST":
            left["seconds"] = route.fetch().json()["seconds"]
        route.fulfill(json=left)

    page = open_page("about:blank")
    page.context.route("**/accounts/sessions/left/", answer)
    other = page.context.new_page()
    for each in (page, other):
        each.clock.install()
        each.goto(PAGE)
        with each.expect_response("**/accounts/sessions/left/"):
            each.clock.fast_forward("28:01")
    # Somebody used another page meanwhile: more than two minutes are left.
    expect(page.get_by_role("alertdialog")).to_have_count(0)
    left["seconds"] = 118
    for each in (page, other):
        each.clock.fast_forward("28:01")
    dialogs = [each.get_by_role("alertdialog", name="You will be signed out in 1:") for each in (page, other)]
    for dialog in dialogs:
        expect(dialog).to_have_accessible_description("You have not used the portal for a while.")
        expect(dialog.get_by_role("button", name="Stay signed in")).to_be_focused()
    page.keyboard.press("Enter")
    for dialog in dialogs:
        expect(dialog).to_have_count(0)
    assert left["seconds"] > 1700
    # Escape answers too; after the end of the session the page leads to sign-in.
    left["seconds"] = 118
    page.clock.fast_forward("28:01")
    expect(dialogs[0]).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialogs[0]).to_have_count(0)
    page.context.clear_cookies(name="session")
    page.context.unroute_all()
    page.clock.fast_forward("28:01")
    page.get_by_role("alertdialog", name="You are signed out").get_by_role("button", name="Sign in").press("Enter")
    page.wait_for_url("**/accounts/login/?next=/preferences/")
