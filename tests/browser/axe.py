"""axe on the page as it stands: every rule that a published standard or good practice asks for."""

from __future__ import annotations

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_OPTIONS = {
    "runOnly": {"type": "tag", "values": _TAGS},
    # Off unless asked for, whatever the tags say.
    "rules": {"target-size": {"enabled": True}},
    "resultTypes": ["violations"],
    "preload": False,
}
_COLORS = {"runOnly": {"type": "rule", "values": ["color-contrast"]}, "resultTypes": ["violations"], "preload": False}


# Rows that differ only in their words are looked at twice: a third one can break no rule that these do not, and on a
# long list axe takes most of its time for them.
_RUN = """(options) => {
    const shape = (node) => [
        node.localName, node.getAttribute("class"), node.getAttribute("role"), Boolean(node.textContent.trim()),
        ...node.getAttributeNames().map((name) => `${name}=${Boolean(node.getAttribute(name).trim())}`),
        "(", ...[...node.children].map(shape), ")",
    ].join(" ");
    const seen = {};
    const repeated = [...document.querySelectorAll("tbody.record, tbody:not(.record) > tr")].filter((row) => {
        const its = shape(row);
        seen[its] = (seen[its] ?? 0) + 1;
        return seen[its] > 2;
    });
    return axe.run(repeated.length ? { exclude: repeated } : document, options);
}"""


def violations(page: Page, *, only_colors: bool = False) -> list[str]:
    """What axe finds, a line for each element: the rule and the element. With `only_colors` of contrast alone."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    options = _COLORS if only_colors else _OPTIONS
    found = page.evaluate(_RUN, options)["violations"]
    return [f"{rule['id']}: {node['html'][:200]}" for rule in found for node in rule["nodes"]]
