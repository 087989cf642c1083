"""Which modules of the project import which others, read from their sources."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# From the lowest to the highest: each may import those before it.
APPS = ("portal", "keys", "enrollment")
SOURCES = sorted(path for app in APPS for path in (ROOT / app).rglob("*.py") if "migrations" not in path.parts)


def name_of(path: Path) -> str:
    """The path of a source within the repository."""
    return str(path.relative_to(ROOT))


def module_of(path: Path) -> str:
    """The dotted name of a source."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@functools.cache
def tree(path: Path) -> ast.Module:
    """The syntax tree of a source."""
    return ast.parse(path.read_text(encoding="utf-8"), name_of(path))


@functools.cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    """Every node of the syntax tree of a source."""
    return tuple(ast.walk(tree(path)))


def imported(path: Path) -> Iterator[str]:
    """The dotted names that a source imports, inside functions too. A name may be a module or something in one."""
    for node in nodes(path):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@functools.cache
def graph() -> Mapping[str, frozenset[str]]:
    """The modules of the project that each module of the project imports."""
    modules = {module_of(path): path for path in SOURCES}
    found = {}
    for module, path in modules.items():
        names = (name if name in modules else name.rpartition(".")[0] for name in imported(path))
        found[module] = frozenset(name for name in names if name in modules and name != module)
    return found


def closure(start: str, *, packages: bool = True) -> set[str]:
    """A module and all that it imports, directly or through others; with `packages`, also those that hold them."""
    found: set[str] = set()
    waiting = [start]
    while waiting:
        module = waiting.pop()
        if module not in found:
            found.add(module)
            waiting += graph().get(module, ())
            waiting += filter(None, [module.rpartition(".")[0]] if packages else ())
    return found


def texts(path: Path) -> Iterator[str]:
    """The string literals of a source, and the literal parts of its f-strings; no docstrings."""
    docstrings = {
        id(node.body[0].value)
        for node in nodes(path)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in nodes(path):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.value
