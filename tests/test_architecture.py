"""The house holds: imports point one way, pure modules stay pure, doors do not write, pieces stay small."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FLOORS = ["portal", "keys", "enrollment"]
SOURCES = sorted(path for floor in FLOORS for path in (ROOT / floor).rglob("*.py") if "migrations" not in path.parts)
# The start-up program stands above the floors: it prepares all of them.
ABOVE = {"portal/quickstart"}
# Rooms whose modules know neither Django nor a request; and single modules that know neither.
PURE_ROOMS = ("keys/crypto", "enrollment/pki", "enrollment/edge")
PURE = {
    "enrollment/errors.py",
    "enrollment/operations/answer.py",
    "portal/rate_limit.py",
    *(str(path.relative_to(ROOT)) for room in PURE_ROOMS for path in (ROOT / room).rglob("*.py")),
}
DOORS = ("endpoints", "pages", "views", "admin", "forms", "api", "templatetags", "commands")
# The seeding tool fills a bench database in bulk, past the operations, and says so.
WRITING_DOORS = {"keys/management/commands/seed_keys.py"}
WRITES = {"save", "delete", "create", "update", "bulk_create", "bulk_update", "get_or_create", "update_or_create"}
# Not rows: a dict, a form's copy, Django's own form of a user.
NOT_ROWS = {"context", "values", "kwargs", "fields", "attrs", "query", "params", "super()"}


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), name_of(path))


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_imports_point_downward(path: Path) -> None:
    if any(name_of(path).startswith(prefix) for prefix in ABOVE):
        return
    above = FLOORS[FLOORS.index(path.relative_to(ROOT).parts[0]) + 1 :]
    assert not [module for module in imported(path) if module.split(".")[0] in above]


@pytest.mark.parametrize("name", sorted(PURE))
def test_pure_modules_know_no_django(name: str) -> None:
    assert not [module for module in imported(ROOT / name) if module.split(".")[0].startswith("django")]


def _is_door(path: Path) -> bool:
    parts = path.relative_to(ROOT).with_suffix("").parts[1:]
    return (
        any(part in DOORS or part.startswith("admin") or part.endswith("_views") for part in parts)
        and name_of(path) not in WRITING_DOORS
    )


@pytest.mark.parametrize("path", [path for path in SOURCES if _is_door(path)], ids=name_of)
def test_doors_do_not_write(path: Path) -> None:
    calls = [node for node in ast.walk(tree(path)) if isinstance(node, ast.Call)]
    writes = [
        ast.unparse(call)
        for call in calls
        if isinstance(call.func, ast.Attribute)
        and call.func.attr in WRITES
        and ast.unparse(call.func.value).rpartition(".")[2] not in NOT_ROWS
        and ast.unparse(call.func.value) != "self"
    ]
    assert not writes


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_pieces_stay_small(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400
    lengths = {function.name: (function.end_lineno or 0) - function.lineno + 1 for function in functions(path)}
    assert not {name: length for name, length in lengths.items() if length > 50}


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_signatures_are_annotated(path: Path) -> None:
    bare = []
    for function in functions(path):
        arguments = function.args.posonlyargs + function.args.args + function.args.kwonlyargs
        if function.returns is None or any(a.annotation is None for a in arguments if a.arg not in {"self", "cls"}):
            bare.append(function.name)
    assert not bare
