"""Every criterion of acceptance has a test: its id stands in the name or in the docstring of one.

In a name an id is written `f01`, in a docstring `F01` or `B-09`. Another list counts with F too (what must not leak),
so those of the pages are looked for where tests of pages are.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent
_ID = re.compile(r"(?<![A-Za-z0-9])([A-Z])-?([0-9]{2})(?![0-9])")
_ID_IN_NAME = re.compile(r"_([a-z])([0-9]{2})(?=_|$)")


def ids(letter: str, numbers: Iterable[int]) -> frozenset[str]:
    """`F01` and so on."""
    return frozenset(f"{letter}{number:02}" for number in numbers)


PAGES = ("browser", "keys", "portal")
EVERYWHERE = ("",)
# What must have a test, and in which directories or files of tests: F are criteria of pages, the others cases of abuse.
REQUIRED: list[tuple[frozenset[str], tuple[str, ...]]] = [
    (ids("F", [*range(1, 25), 28, *range(33, 40), 41, 43, 44, 46, *range(51, 56)]), PAGES),
    (ids("A", [*range(1, 10), *range(11, 16)]), EVERYWHERE),
    (ids("B", range(1, 11)), EVERYWHERE),
    (ids("C", range(1, 15)), EVERYWHERE),
    (ids("D", range(1, 11)), EVERYWHERE),
    (ids("E", [2, 8]), EVERYWHERE),
    (ids("G", [1, 6, 7]), EVERYWHERE),
    (ids("H", [1, 2, 3, 5]), EVERYWHERE),
    (ids("J", [1, 3]), EVERYWHERE),
    (ids("T", [17]), EVERYWHERE),
]


def read_tests(path: Path) -> Iterator[tuple[str, str]]:
    """Name and docstring of each test of a file; the docstring of a class is that of all its tests."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            yield node.name, ast.get_docstring(node) or ""
        elif isinstance(node, ast.ClassDef):
            for method in node.body:
                if isinstance(method, ast.FunctionDef) and method.name.startswith("test_"):
                    yield method.name, f"{ast.get_docstring(node)} {ast.get_docstring(method)}"


def named_in(name: str, docstrings: str) -> set[str]:
    """The ids that a test carries."""
    in_name = {f"{letter.upper()}{number}" for letter, number in _ID_IN_NAME.findall(name)}
    return in_name | {f"{letter}{number}" for letter, number in _ID.findall(docstrings)}


def carried(places: Iterable[str]) -> set[str]:
    """All ids that tests in these places carry."""
    files = {file for place in places for file in (TESTS / place).rglob("test_*.py") if file != Path(__file__)}
    return {each for file in files for name, docstrings in read_tests(file) for each in named_in(name, docstrings)}


@pytest.mark.parametrize(("criteria", "places"), REQUIRED, ids=lambda value: min(value) if value else "")
def test_every_criterion_has_a_test(criteria: frozenset[str], places: tuple[str, ...]) -> None:
    missing = sorted(criteria - carried(places))
    assert not missing, f"No test carries {', '.join(missing)} in its name or docstring."


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
