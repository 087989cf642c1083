"""axe on the page as it stands: every rule that a published standard or good practice asks for."""

from __future__ import annotations

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_STRUCTURE = {
    "runOnly": {"type": "tag", "values": _TAGS},
    # Off unless asked for, whatever the tags say; contrast has a run of its own.
    "rules": {"target-size": {"enabled": True}, "color-contrast": {"enabled": False}},
    "resultTypes": ["violations"],
    "preload": False,
}
_COLORS = {
    "runOnly": {"type": "rule", "values": ["color-contrast"]},
    "resultTypes": ["violations"],
    "elementRef": True,
    "preload": False,
}


# axe maps the whole page for each run. Rows that it is not asked about take most of that time, so they are taken out of
# the page meanwhile.
_WITHOUT = """async (rows, look) => {
    const places = rows.map((row) => [row, document.createComment("")]);
    places.forEach(([row, place]) => row.replaceWith(place));
    try {
        return await look();
    } finally {
        places.forEach(([row, place]) => place.replaceWith(row));
    }
}"""
# Rows that differ only in their words are looked at twice: a third one can break no rule that these do not, and on a
# long list axe takes most of its time for them. Menus and heads of pages that are the same to the letter and show
# as much are looked at once a run and width: `clean` holds what was found without a fault.
_STRUCTURE_OF = """async ([options, clean]) => {
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
    const known = new Set(clean);
    const frame = new Map();
    for (const part of document.querySelectorAll("body header, body nav")) {
        const token = /(name="csrfmiddlewaretoken" value=)"[^"]*"/g;
        // A menu that is open has the text of a closed one.
        const visible = [part, ...part.querySelectorAll("*")].filter((node) => node.checkVisibility()).length;
        frame.set(part, await digest(`${innerWidth} ${visible} ${part.outerHTML.replaceAll(token, "$1")}`));
    }
    const exclude = [...frame.keys()].filter((part) => known.has(frame.get(part)));
    const { violations } = await without(repeated, () => axe.run(exclude.length ? { exclude } : document, options));
    return { violations, clean: violations.length ? [] : [...frame.values()] };
}"""
# Contrast takes axe more time than all other rules together. What decides it is looked at once a run: color, size and
# weight of a text, and what paints behind or over it. `passed` holds the looks in which no fault was found before.
# Colors are those that stay: a button that fades in while its page loads is not what people read.
_COLORS_OF = """async ([options, passed]) => {
    document.getAnimations().forEach((each) => each.finish());
    const text = ["color", "fontSize", "fontWeight", "textShadow", "webkitTextFillColor"];
    const paint = ["backgroundColor", "backgroundImage", "opacity", "filter", "mixBlendMode", "position"];
    const plain = ["rgba(0, 0, 0, 0)", "none", "1", "none", "normal", "static"].join();
    const behind = new Map();
    const painted = (node) => {
        if (!node) return "";
        if (!behind.has(node)) {
            const own = ["", "::before", "::after"].map((part) => {
                const style = getComputedStyle(node, part || null);
                if (part && style.content === "none") return "";
                const its = paint.map((name) => style[name]).join();
                // What is placed by hand may lie on anything; its class tells where.
                return its === plain ? "" : `${its}${style.position === "static" ? "" : node.className}${part}`;
            });
            behind.set(node, `${painted(node.parentElement)}${own.some(Boolean) ? `/${own.join("|")}` : ""}`);
        }
        return behind.get(node);
    };
    const look = (node) => {
        const style = getComputedStyle(node);
        const disabled = Boolean(node.closest(":disabled, [aria-disabled=true]"));
        return `${painted(node)} ${text.map((name) => style[name]).join()} ${disabled}`;
    };
    const texts = new Map();
    for (const node of document.body.querySelectorAll("*")) {
        const field = node.matches("input, select, textarea");
        if (!field && ![...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim())) continue;
        if (!node.checkVisibility({ visibilityProperty: true, opacityProperty: true })) continue;
        const its = look(node);
        const alike = texts.get(its) ?? [];
        if (alike.length < 2) texts.set(its, [...alike, node]);
    }
    const known = new Set(passed);
    const digests = new Map();
    for (const [its, nodes] of texts) {
        const name = await digest(its);
        if (!known.has(name)) nodes.forEach((node) => digests.set(node, name));
    }
    if (!digests.size) return { violations: [], passed: [] };
    const include = [...digests.keys()];
    const rows = [...document.querySelectorAll("tbody.record, tbody:not(.record) > tr")];
    const others = rows.filter((row) => !include.some((node) => row.contains(node)));
    const found = await without(others, () => axe.run({ include }, options));
    const wrong = new Set(found.violations.flatMap((rule) => rule.nodes.map((node) => digests.get(node.element))));
    const good = [...digests.values()].filter((name) => !wrong.has(name));
    const violations = found.violations.map(({ id, nodes }) => ({ id, nodes: nodes.map(({ html }) => ({ html })) }));
    return { violations, passed: good };
}"""
_DIGEST = """async (text) => {
    const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
    return btoa(String.fromCharCode(...bytes.slice(0, 9)));
}"""
_passed: set[str] = set()
_clean: set[str] = set()


def violations(page: Page, *, only_colors: bool = False) -> list[str]:
    """What axe finds, a line for each element: the rule and the element. With `only_colors` of contrast alone."""
    page.wait_for_load_state()
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    colors = _run(page, _COLORS_OF, _COLORS, _passed)
    _passed.update(colors["passed"])
    wrong = colors["violations"]
    if not only_colors:
        structure = _run(page, _STRUCTURE_OF, _STRUCTURE, _clean)
        _clean.update(structure["clean"])
        wrong += structure["violations"]
    return [f"{rule['id']}: {node['html'][:200]}" for rule in wrong for node in rule["nodes"]]


def _run(page: Page, script: str, options: dict, known: set[str]) -> dict:
    return page.evaluate(
        f"async (given) => {{ const digest = {_DIGEST}; const without = {_WITHOUT}; return ({script})(given); }}",
        [options, [*known]],
    )
