"""F53: axe finds nothing on any page in any state, light and dark, on a desk and on a phone; nor do we."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from django.urls import URLPattern, URLResolver, get_resolver, resolve

from tests.browser.axe import violations
from tests.browser.looks import DESK, LOOKS, NARROW_LOOKS, PHONE, faults
from tests.browser.states import NOT_PAGES, STATES
from tests.browser.world import CERTIFICATES, LIST, build

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def world(stage, browser, signed_in):
    return build(stage, browser, signed_in)


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.name)
def test_f53_every_page_is_clean_in_every_state(page_as, world, state):
    page = page_as(world.cookies_of(state.who), PHONE if state.narrow else DESK)
    state.reach(page, world)
    if state.at:
        assert resolve(urlsplit(page.url).path).view_name == state.at
    assert faults(page, NARROW_LOOKS if state.narrow else LOOKS) == []


def addresses(patterns: list, prefix: str = "") -> Iterator[str]:
    """The name of every address but the Django admin's, which has tests of its own."""
    for pattern in patterns:
        if isinstance(pattern, URLPattern):
            # Without a name: EST's addresses with a label, which lead to the views of those without.
            if pattern.name:
                yield f"{prefix}{pattern.name}"
        elif isinstance(pattern, URLResolver) and pattern.app_name != "admin":
            yield from addresses(pattern.url_patterns, f"{pattern.namespace}:" if pattern.namespace else prefix)


def test_f53_no_address_is_without_a_visit():
    visited = {state.at for state in STATES if state.at}
    assert sorted(addresses(get_resolver().url_patterns)) == sorted(visited | set(NOT_PAGES)), (
        "Give each new page its states in tests/browser/states/, or say in NOT_PAGES why it is none."
    )


def test_axe_still_looks_for_what_it_should(open_page):
    """A page that is wrong in each way this suite relies on axe for; without it a changed option would pass unseen."""
    page = open_page()
    page.evaluate("""() => {
        const faults = document.createElement("div");
        const add = (tag, set) => faults.append(Object.assign(document.createElement(tag), set));
        add("img", {});
        add("input", {});
        add("h6", { textContent: "skips levels" });
        for (const name of ["one", "two"]) add("button", { textContent: name, className: "tiny" });
        document.querySelector("main").append(faults);
        const sheet = new CSSStyleSheet();
        sheet.replaceSync(`.tiny { width: 12px; height: 12px; padding: 0; border: 0; overflow: hidden; font-size: 4px; }
            h6 { color: #999; background: #fff; }`);
        document.adoptedStyleSheets.push(sheet);
    }""")
    rules = {line.partition(":")[0] for line in violations(page)}
    assert {"image-alt", "label", "heading-order", "target-size", "color-contrast"} <= rules


def test_axe_looks_at_a_menu_that_it_saw_closed(open_page):
    page = open_page(viewport=PHONE)
    page.evaluate("document.getElementById('menu').append(document.createElement('img'))")
    assert violations(page) == []
    page.get_by_role("button", name="Menu", exact=True).click()
    assert {line.partition(":")[0] for line in violations(page)} == {"image-alt"}


def test_axe_looks_at_colors_at_the_end_of_their_transition(open_page):
    """On a busy machine a button is still fading in when axe looks at it."""
    page = open_page()
    page.evaluate("""() => {
        const button = document.querySelector("main .button.primary");
        const slowly = { duration: 60_000, fill: "forwards" };
        button.animate([{ color: "#777", background: "#777" }, { color: "#fff", background: "#000" }], slowly);
    }""")
    assert violations(page, only_colors=True) == []


def test_axe_looks_at_a_row_that_differs_from_the_others_in_one_place(open_page, world):
    """Rows that differ in their words alone are left out; the last one with a fault of its own is not."""
    for fault, rule in (
        ("row => row.querySelector('td').append(document.createElement('img'))", "image-alt"),
        ("row => row.querySelector('button').setAttribute('aria-label', '')", "button-name"),
        ("row => row.querySelector('th a').style.setProperty('color', '#aaa')", "color-contrast"),
    ):
        page = open_page(f"{LIST}?q=many")
        assert violations(page) == []
        page.locator("tbody.record").last.evaluate(fault)
        assert {line.partition(":")[0] for line in violations(page)} == {rule}


def test_f09_heads_of_both_lists_say_how_they_sort(open_page, world):
    for path, way in ((LIST, "ascending"), (f"{LIST}?sort=-name", "descending"), (CERTIFICATES, "ascending")):
        page = open_page(path)
        assert page.locator("th[aria-sort]").evaluate_all("heads => heads.map((head) => head.ariaSort)") == [way]


# Last in this file: it takes all keys away.
def test_f44_f53_the_empty_list_is_clean(open_page, world):
    world.empty()
    page = open_page()
    page.get_by_role("heading", name="No provisioning keys yet").wait_for()
    empty = page.locator(".empty")
    assert [empty.locator(part).count() for part in ("h2", "p:not(:has(a))", "a, button")] == [1, 1, 1]
    assert empty.get_by_role("link").get_attribute("href") == f"{LIST}add/"
    assert faults(page, LOOKS) == []
