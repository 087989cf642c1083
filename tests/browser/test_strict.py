"""F52: a walk over every page a link leads to, everything opened: no CSP report, nothing on the console, no 404."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

import pytest
from django.urls import resolve
from playwright.sync_api import Page

from tests.browser.states import NOT_PAGES, STATES
from tests.browser.world import CERTIFICATES, LIST, build

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def world(stage, browser, signed_in):
    return build(stage, browser, signed_in)


def view_of(path: str) -> str:
    return resolve(urlsplit(path).path).view_name


def kind_of(path: str) -> str:
    """What one address is walked of: each view, and each parameter of queries, which lists read and print alike.

    Addresses that differ only by record or by values are of one kind.
    """
    return min(pair.partition("=")[0] for pair in urlsplit(path).query.split("&")) or view_of(path)


def open_everything(page: Page) -> None:
    """Menus, dialogs, panels, steps; each closes the one before."""
    for summary in page.locator("summary:visible").all():
        summary.click()
    for opener in page.locator("[popovertarget]:visible").all()[:3]:
        opener.click()
        page.keyboard.press("Escape")
    for toggle in page.locator("[aria-expanded]:visible").all()[:2]:
        toggle.click()
    for name in ("data-show", "data-copy", "data-why"):
        for button in page.locator(f"[{name}]:visible:not([data-command])").all()[:1]:
            button.press("Enter")
    for link in page.locator("[data-delete]:visible").all()[:1]:
        link.click()
        page.get_by_role("dialog").get_by_role("textbox").fill("x")
        page.keyboard.press("Escape")


def links(page: Page) -> list[str]:
    found = page.locator("a[href]").evaluate_all("all => all.map((link) => link.href)")
    paths = [urlsplit(urljoin(page.url, href)) for href in found]
    # A browser saves files and stays where it is.
    pages = [path for path in paths if not path.path.endswith((".pem", ".csr", ".pyz")) and "format=" not in path.query]
    return [f"{path.path}?{path.query}" for path in pages if not path.path.startswith("/admin/")]


# The longest test: 40 s alone, and five minutes were seen where twenty processes wanted two processors.
@pytest.mark.timeout(900)
def test_f52_a_walk_over_every_page_is_silent(open_page, world):
    """`open_page` fails on any message; here the answers are counted too, those of icons and styles included."""
    page = open_page("about:blank", permissions=["clipboard-read", "clipboard-write"])
    refused: list[str] = []
    page.on("response", lambda answer: answer.status >= 400 and refused.append(f"{answer.status} {answer.url}"))
    page.on("requestfailed", lambda request: refused.append(f"{request.failure} {request.url}"))
    asked: list[str] = []
    answered: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("requestfinished", lambda request: answered.append(request.url))
    names = ("kind full", "kind hidden", "vendor key", "Ends this week")
    walked, kinds, opened = [], set(), set()
    starts = [LIST, f"{LIST}?q=kind&usage=full&expand=all", CERTIFICATES, *(world.paths[name] for name in names)]
    starts.append(world.ready("many 00"))
    todo = list(starts)
    while todo:
        path = todo.pop(0)
        page.goto(path)
        # Another order or filter of a page that was opened has the same buttons; "/" leads to the list.
        worth_opening = path in starts or view_of(page.url) not in opened
        walked.append(path)
        kinds.add(kind_of(path))
        opened |= {view_of(path), view_of(page.url)}
        new = {kind_of(link): link for link in links(page) if kind_of(link) not in kinds}
        kinds.update(new)
        todo += new.values()
        if worth_opening:
            open_everything(page)
        page.evaluate("0")  # after which Playwright knows of each request that opening made
        while len(answered) < len(asked) and not refused:
            page.wait_for_event("requestfinished")
    assert refused == []
    # Buttons of selected rows lead to "list-bulk", no link.
    pages = {state.at for state in STATES if state.at} - {"login", "list-bulk"}
    assert {view_of(path) for path in walked} - set(NOT_PAGES) == pages
    assert len(walked) > 12


def test_every_icon_on_a_page_is_in_the_sprite(open_page):
    """`use` of a symbol that does not exist draws nothing and says nothing."""
    page = open_page(f"{LIST}?expand=all")
    empty = page.evaluate("""() => [...document.querySelectorAll("svg.icon")].filter((icon) =>
        icon.checkVisibility() && !icon.getBBox().width && !icon.getBBox().height).map((icon) => icon.outerHTML)""")
    assert empty == []
