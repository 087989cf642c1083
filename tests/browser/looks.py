"""The looks a page can take, and what may be wrong with it in them: what axe finds, and what it lets pass."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal
from urllib.parse import urlsplit

from playwright.sync_api import Page, ViewportSize

from tests.browser.axe import violations

DESK: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
Look = tuple[ViewportSize, Literal["light", "dark"]]
NARROW_LOOKS: list[Look] = [(PHONE, "light"), (PHONE, "dark")]
LOOKS: list[Look] = [(DESK, "light"), (DESK, "dark"), *NARROW_LOOKS]

# Each line is a fault that axe lets pass. `path` is the page's own.
FAULTS = """(path) => {
    const faults = [];
    const all = (selector, within = document) => [...within.querySelectorAll(selector)];
    const expect = (found, wanted, what) => { if (found !== wanted) faults.push(`${found} ${what}, not ${wanted}`); };
    expect(all("h1").length, 1, "h1");
    expect(all("main").length, 1, "main");
    for (const table of all("table.list")) {
        // In details a table may hold another.
        const sorted = all(":scope > thead th[aria-sort]", table);
        expect(sorted.length, 1, "heads with aria-sort");
        expect(sorted.filter((head) => ["ascending", "descending"].includes(head.ariaSort)).length, 1, "sorted heads");
        expect(all(":scope > caption", table).length, 1, "captions");
    }
    for (const row of all("table.list tbody tr.row, table.plain-table tbody tr, table.compare tbody tr"))
        expect(all("th[scope=row]", row).length, 1, "row heads");
    if (document.querySelector("header.topbar")) {
        const current = all("nav[aria-label=Main] a[aria-current=page]");
        // A page below none of the entries, as that of an edge, is nowhere in the menu.
        // A page beside a list has another address: its breadcrumb leads to the list.
        const list = path.startsWith("/lists/") && document.querySelector("nav[aria-label=Breadcrumb] a");
        const at = list ? list.pathname : path;
        const isAbove = ({ pathname }) => (pathname === "/" ? at === "/" : at.startsWith(pathname));
        const places = all("nav[aria-label=Main] a").filter(isAbove);
        expect(current.length, places.length ? 1 : 0, "current menu entries");
        if (current[0] && !isAbove(current[0])) faults.push("another menu entry is current");
        const crumbs = all("nav[aria-label=Breadcrumb] li");
        expect(all("nav[aria-label=Breadcrumb] [aria-current]").length, 1, "current crumbs");
        expect(crumbs.at(-1)?.getAttribute("aria-current"), "page", "is the last crumb's aria-current");
    }
    for (const pager of all(".pager")) {
        if (pager.querySelector("ol")) expect(all("ol [aria-current=page]", pager).length, 1, "current pages");
        expect(all(".sizes [aria-current=true]", pager).length, 1, "current sizes");
    }
    if (document.documentElement.scrollWidth > innerWidth) faults.push("scrolls sideways");
    return faults;
}"""


def faults(page: Page, looks: Iterable[Look]) -> list[str]:
    """What is wrong, look by look. Nothing but styles differs between looks, so one visit serves them all."""
    found = []
    sizes: list[ViewportSize] = []
    for size, scheme in looks:
        page.set_viewport_size(size)
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        # What is not a matter of colors was seen at this size already.
        wrong = violations(page, only_colors=size in sizes)
        if size not in sizes:
            wrong += page.evaluate(FAULTS, urlsplit(page.url).path)
        sizes.append(size)
        found += [f"{size['width']} {scheme}: {fault}" for fault in wrong]
    return found
