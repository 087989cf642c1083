"""Every criterion of acceptance has a test: its id stands in the name or in the docstring of one.

In a name an id is written `f01`, in a docstring `F01` or `B-09`. Other lists count with the same letters, so each is
looked for where its tests are.
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


# What must have a test, and where: the criteria, and the directories (or files) of tests that may hold them.
REQUIRED: list[tuple[frozenset[str], tuple[str, ...]]] = [
    (
        ids("F", [*range(1, 25), 28, *range(34, 40), 41, 43, 44, *range(52, 56)]),
        ("browser", "keys", "portal"),
    ),
    (ids("B", [9]), ("",)),
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
        ("test_of_2026_and_utf_8", "UTF-16, SHA-256 and MF12 are none.", set()),
    ],
)
def test_ids_are_read_from_names_and_docstrings(name: str, docstring: str, found: set[str]) -> None:
    assert named_in(name, docstring) == found
