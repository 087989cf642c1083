"""Every abuse case of hostile input and of certificates has a test that carries its id, in name or docstring."""

from __future__ import annotations

import ast
import re
from pathlib import Path

TESTS = Path(__file__).parent
CASES = {"B": range(1, 11), "C": range(1, 15), "D": range(1, 8)}
REQUIRED = {f"{letter}-{number:02}" for letter, numbers in CASES.items() for number in numbers}


def carried() -> set[str]:
    """The ids in the names and docstrings of test functions, as B-04."""
    found: set[str] = set()
    for path in TESTS.rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                found |= ids_of(node.name, ast.get_docstring(node) or "")
    return found


def ids_of(name: str, docstring: str) -> set[str]:
    in_name = re.findall(r"(?<=_)([bcd])(\d\d)(?=_|$)", name)
    in_docstring = re.findall(r"\b([BCD])-(\d\d)\b", docstring)
    return {f"{letter.upper()}-{number}" for letter, number in (*in_name, *in_docstring)}


def test_every_case_has_a_test_that_carries_its_id() -> None:
    assert sorted(REQUIRED - carried()) == []


def test_a_case_without_a_test_would_be_named() -> None:
    assert ids_of("test_b04_huge", "") == {"B-04"}
    assert ids_of("test_a05_c14_x_d03", "B-09: moved.") == {"C-14", "D-03", "B-09"}
    assert ids_of("test_abc12_subc04", "A B-4 and XB-05 are none.") == set()
