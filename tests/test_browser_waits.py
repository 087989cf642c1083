"""Browser tests wait for the page that a click leads to. `--latency 400` finds what this rule cannot see."""

from __future__ import annotations

import ast
from itertools import pairwise
from pathlib import Path

import pytest

SOURCES = sorted((Path(__file__).parent / "browser").glob("*.py"))
LEADS_AWAY = {"click", "press"}
# Playwright answers these at once, from the page as it is; `expect` has each of them with patience.
NEVER = {"is_visible", "is_hidden", "is_enabled", "is_disabled", "is_checked", "is_editable"}
AT_ONCE = NEVER | {"url", "content", "title", "count", "all", "all_inner_texts", "all_text_contents", "pdf"}


def names(node: ast.AST) -> set[str]:
    """The attributes and names in a piece of code."""
    found = {part.attr for part in ast.walk(node) if isinstance(part, ast.Attribute)}
    return found | {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}


def hasty(source: str) -> list[str]:
    """The statements that read a page at once behind a click, and those that ask without `expect` how it is."""
    tree = ast.parse(source)
    blocks = [getattr(node, field, None) for node in ast.walk(tree) for field in ("body", "orelse", "finalbody")]
    behind = [
        second
        for block in blocks
        if isinstance(block, list)
        for first, second in pairwise(block)
        if isinstance(first, ast.Expr) and names(first) & LEADS_AWAY
        if isinstance(second, ast.Assert | ast.Assign | ast.Expr)
        if names(second) & AT_ONCE and not names(second) & {"expect", "wait_for_url"}
    ]
    asked = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node.attr in NEVER]
    return [f"{node.lineno}: {ast.unparse(node)}" for node in (*behind, *asked)]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_nothing_is_read_before_it_was_waited_for(path: Path) -> None:
    assert hasty(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "code",
    [
        "link.click()\nassert 'sort' in page.url",
        "def test():\n    link.press('Enter')\n    found = page.get_by_role('rowheader').all_inner_texts()",
        "link.wait_for()\nassert link.is_visible()",
    ],
)
def test_the_rule_sees_what_reads_at_once(code: str) -> None:
    assert hasty(code)
    assert not hasty("link.click()\nexpect(page).to_have_url('b')\nassert page.url\nlink.click()\nassert text() == 'a'")
