"""Every criterion of docs/criteria.md has a test that carries its id, and every id in a test is explained there.

In a name an id is written `f01`, in a docstring `F01` or `B-09`. The docstring of a class or a module counts too.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent
CRITERIA = TESTS.parent / "docs" / "criteria.md"
_ID = re.compile(r"(?<![A-Za-z0-9])([A-Z])-?([0-9]{2})(?![0-9])")
_ID_IN_NAME = re.compile(r"_([a-z])([0-9]{2})(?=_|$)")
_EXPLAINED = re.compile(r"^\| ([A-Z][0-9]{2}) \| \S.*\. \|$", re.MULTILINE)


def named_in(name: str, docstrings: str) -> set[str]:
    """The ids that a name and docstrings carry."""
    in_name = {f"{letter.upper()}{number}" for letter, number in _ID_IN_NAME.findall(name)}
    return in_name | {f"{letter}{number}" for letter, number in _ID.findall(docstrings)}


def carried() -> dict[str, str]:
    """Each id that tests carry, with the file of one of them."""
    found = {}
    for path in TESTS.rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and path != Path(__file__):
                names = named_in(getattr(node, "name", ""), ast.get_docstring(node) or "")
                found |= dict.fromkeys(names, str(path.relative_to(TESTS)))
    return found


def test_every_criterion_has_a_test_and_every_id_is_explained() -> None:
    explained, used = set(_EXPLAINED.findall(CRITERIA.read_text())), carried()
    assert sorted(explained - used.keys()) == [], "No test carries these in its name or docstring."
    assert {each: used[each] for each in used.keys() - explained} == {}, "docs/criteria.md does not explain these."


@pytest.mark.parametrize(
    ("name", "docstring", "found"),
    [
        ("test_f01_f04_rows_expand", "", {"F01", "F04"}),
        ("test_b09_a_text", "See B-10 and C-01; F2 and F123 are none.", {"B09", "B10", "C01"}),
        ("test_a05_c14_moved", "A B-4 and XB-05 are none, D-03 is.", {"A05", "C14", "D03"}),
        ("test_abc12_subc04", "", set()),
        ("test_of_2026_and_utf_8", "UTF-16, SHA-256 and MF12 are none.", set()),
    ],
)
def test_ids_are_read_from_names_and_docstrings(name: str, docstring: str, found: set[str]) -> None:
    assert named_in(name, docstring) == found
