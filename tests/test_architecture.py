"""What holds the structure: imports point one way and in no circle, rooms keep to themselves, doors do not write."""

from __future__ import annotations

import ast
import re
import runpy
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest
from django.conf import settings
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from enrollment.edge import portal_url
from tests.support import draw_rooms
from tests.support.imports import APPS, ROOT, SOURCES, closure, graph, imported, module_of, name_of, nodes, texts, tree

# The start-up program is above the apps, because it prepares all of them.
ABOVE = {"portal/quickstart"}
# Rooms whose modules know neither Django nor a request; and single modules that know neither.
PURE_ROOMS = ("keys/crypto", "enrollment/pki", "enrollment/edge")
PURE = {
    "keys/errors.py",
    "enrollment/errors.py",
    "enrollment/operations/answer.py",
    "portal/rate_limit.py",
    *(name_of(path) for room in PURE_ROOMS for path in (ROOT / room).rglob("*.py")),
}
EDGE = "enrollment.edge"
# The one module of the server that runs the edge's program.
RUNS_THE_EDGE = "enrollment.management.commands.enroll_edge"
# Texts that name what belongs to a higher app: its modules, URL names, permissions, templates or tables.
NAMES_HIGHER_APPS = {
    "portal/settings.py": "the installed apps, middleware, probes and metrics, by dotted path",
    "portal/urls.py": "the URLs of the apps",
    "portal/roles.py": "the permissions of each role",
    "portal/menu.py": "the entries of the menu",
    "portal/error_pages.py": "error pages lead back to the keys",
    "portal/quickstart/banner.py": "the start-up program is above the apps",
}
HIGHER = {
    "portal": re.compile(r"(?<!/)\b(?:keys|enrollment)[.:_/]\w"),
    "keys": re.compile(
        r"\benrollment[.:_/]\w|\b_*(?:service_?edge(?!_?group)|issued_?certificate|revocation_?list)", re.IGNORECASE
    ),
}
# Texts that hold an address as it is.
WRITES_ADDRESSES = {
    "portal/settings.py": "settings are read before there are URLs; a test compares them",
    "enrollment/edge/portal_url.py": "the edge knows nothing of the server; a test compares them",
    "portal/checks.py": "the text of a hint",
}
DOORS = ("endpoints", "pages", "views", "admin", "forms", "api", "templatetags", "commands")
# The seeding tool fills a bench database in bulk, past the operations, and says so.
WRITING_DOORS = {"keys/management/commands/seed_keys.py"}
WRITES = {"save", "delete", "create", "update", "bulk_create", "bulk_update", "get_or_create", "update_or_create"}
# Not rows: a dict, a form's copy, Django's own form of a user.
NOT_ROWS = {"context", "values", "kwargs", "fields", "attrs", "query", "params", "super()"}


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in nodes(path) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def test_imports_point_downward() -> None:
    higher = {app: APPS[place + 1 :] for place, app in enumerate(APPS)}
    assert not [
        (name_of(path), name)
        for path in SOURCES
        for name in imported(path)
        if name.split(".")[0] in higher[name_of(path).split("/")[0]] and not name_of(path).startswith(tuple(ABOVE))
    ]


def test_no_modules_import_each_other_in_a_circle() -> None:
    """Imports inside functions count: such an import only hides the circle."""
    assert_no_circle(graph())


def test_no_rooms_import_each_other_in_a_circle() -> None:
    assert_no_circle(draw_rooms.rooms())


def assert_no_circle(imports: Mapping[str, Iterable[str]]) -> None:
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        pytest.fail(f"A circle of imports: {' -> '.join(reversed(error.args[1]))}")


def test_no_room_imports_what_django_or_an_operator_starts() -> None:
    assert not [
        (module, other)
        for module, others in graph().items()
        for other in others
        if draw_rooms.room_of(module) and not draw_rooms.room_of(other)
    ]


def test_each_directory_is_a_room() -> None:
    beside = {"management", "migrations", "templatetags", "manifests", "__pycache__"}
    for app, rooms in draw_rooms.ROOMS.items():
        directories = {path.name for path in (ROOT / app).iterdir() if path.is_dir()} - beside
        assert app == "portal" or directories <= set(rooms)


def test_the_diagram_is_drawn_from_the_imports() -> None:
    assert draw_rooms.PAGE.read_text(encoding="utf-8") == draw_rooms.drawn(), "python -m tests.support.draw_rooms"


def test_pure_modules_need_neither_django_nor_a_driver() -> None:
    """Nor does anything that they import."""
    needed = set().union(*(closure(module_of(ROOT / name), packages=False) for name in PURE))
    allowed = {*APPS, "cryptography", *sys.stdlib_module_names}
    assert not [
        (name_of(path), module)
        for path in SOURCES
        if module_of(path) in needed
        for module in imported(path)
        if module.split(".")[0] not in allowed
    ]


def test_the_server_imports_nothing_of_the_edges_program() -> None:
    assert not [
        (module, other)
        for module, others in graph().items()
        for other in others
        if in_edge(other) and not in_edge(module) and module != RUNS_THE_EDGE
    ]


def test_the_edges_program_imports_nothing_of_the_server() -> None:
    """It shares the cryptography of `keys.crypto`: how a key's text is read, and the pin of a certificate."""
    needed = set().union(*(closure(module) for module in graph() if in_edge(module)))
    allowed = {"enrollment", "keys", *(module for module in graph() if in_edge(module) or in_crypto(module))}
    assert not needed - allowed


def test_the_archive_of_the_edges_program_holds_what_it_imports() -> None:
    packed = runpy.run_path(str(ROOT / "deploy/edge/build.py"))["sources"]()
    needed = closure(f"{EDGE}.__main__")
    assert {name_of(path) for path in SOURCES if module_of(path) in needed} == set(packed) - {"__main__.py"}


def in_edge(module: str) -> bool:
    return f"{module}.".startswith(f"{EDGE}.")


def in_crypto(module: str) -> bool:
    return f"{module}.".startswith("keys.crypto.")


def pages_of(app: str) -> list[Path]:
    return sorted((ROOT / "templates" / app).rglob("*.html"))


@pytest.mark.parametrize("app", sorted(HIGHER))
def test_an_app_does_not_name_what_belongs_to_a_higher_one(app: str) -> None:
    """Neither imports nor texts: `keys` asks about machines through `keys.machines` alone."""
    sources = [path for path in SOURCES if path.is_relative_to(ROOT / app) and name_of(path) not in NAMES_HIGHER_APPS]
    found = {name_of(path): [text for text in texts(path) if HIGHER[app].search(text)] for path in sources}
    found |= {name_of(page): HIGHER[app].findall(page.read_text(encoding="utf-8")) for page in pages_of(app)}
    assert not {name: texts for name, texts in found.items() if texts}


def test_the_port_to_machines_is_registered_once() -> None:
    calls = [name_of(path) for path in SOURCES for node in nodes(path) if is_registration(node)]
    assert calls == ["enrollment/apps.py"]


def is_registration(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func) == "machines.register"


def addresses(resolver: URLResolver, before: str = "") -> Iterator[str]:
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            yield from (
                [before + str(pattern.pattern)]
                if pattern.app_name == "admin"
                else addresses(pattern, before + str(pattern.pattern))
            )
        elif isinstance(pattern, URLPattern):
            yield before + str(pattern.pattern)


def address_parts() -> tuple[str, str]:
    """Alternatives of a regular expression: the first segments of the portal's addresses, and the others."""
    segments = [address.split("/") for address in addresses(get_resolver())]
    first = {each[0] for each in segments}
    others = {segment for each in segments for segment in each[1:]} - first
    plain = re.compile(r"[\w.-]+")
    return tuple("|".join(sorted(map(re.escape, filter(plain.fullmatch, each)))) for each in (first, others))


def test_addresses_come_from_the_url_patterns() -> None:
    """No text begins like one of the portal's addresses, and none continues one, as `f"{url}edit/"` does."""
    first, others = address_parts()
    written = re.compile(rf"/(?:{first})(?:/|$)|/?(?:{others})/(?:[?#]|$)|\S*[)}}]/(?:{first})/")
    found = {name_of(path): [text for text in texts(path) if written.match(text)] for path in SOURCES}
    in_page = re.compile(rf"""["'`=]/(?:{first})(?:[/"'`]|$)|\}}\}}/?(?:{others})/|["'`]/?(?:{others})/["'`?#]""")
    for path in [*(ROOT / "templates").rglob("*.html"), *(ROOT / "static/js").glob("*.js")]:
        found[name_of(path)] = in_page.findall(path.read_text(encoding="utf-8"))
    assert not {name: texts for name, texts in found.items() if texts and name not in WRITES_ADDRESSES}


def test_addresses_that_are_written_are_those_of_the_url_patterns() -> None:
    assert [reverse(f"enrollment:{name}") for name in ("enroll", "renew", "heartbeat")] == [
        portal_url.ENDPOINT,
        portal_url.RENEW,
        portal_url.HEARTBEAT,
    ]
    known = ["/" + address for address in addresses(get_resolver())]
    prefixes = [
        *settings.LEAN_ADDRESSES, *settings.PROBLEM_ADDRESSES, *settings.TEXT_ADDRESSES, *settings.PROBE_ADDRESSES
    ]  # fmt: skip
    assert all(any(address.startswith(prefix) for address in known) for prefix in prefixes)


def _is_door(path: Path) -> bool:
    parts = path.relative_to(ROOT).with_suffix("").parts[1:]
    return (
        any(part in DOORS or part.startswith("admin") or part.endswith("_views") for part in parts)
        and name_of(path) not in WRITING_DOORS
    )


def test_doors_do_not_write() -> None:
    calls = [(path, node) for path in SOURCES if _is_door(path) for node in nodes(path)]
    writes = [
        (name_of(path), ast.unparse(call))
        for path, call in calls
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr in WRITES
        and ast.unparse(call.func.value).rpartition(".")[2] not in NOT_ROWS
        and ast.unparse(call.func.value) != "self"
    ]
    assert not writes


def test_pieces_stay_small() -> None:
    lengths = {name_of(path): len(path.read_text(encoding="utf-8").splitlines()) for path in SOURCES}
    assert not {name: length for name, length in lengths.items() if length > 400}
    assert not [
        (name_of(path), function.name, length)
        for path in SOURCES
        for function in functions(path)
        if (length := (function.end_lineno or 0) - function.lineno + 1) > 50
    ]


def test_signatures_are_annotated() -> None:
    assert not [
        (name_of(path), function.name)
        for path in SOURCES
        for function in functions(path)
        if function.returns is None
        or any(
            argument.annotation is None and argument.arg not in {"self", "cls"}
            for argument in function.args.posonlyargs + function.args.args + function.args.kwonlyargs
        )
    ]


# Django finds these names itself.
FOUND_BY_DJANGO = {"handler400", "handler403", "handler404", "handler500"}


def defined(path: Path) -> Iterator[str]:
    """The functions, classes and constants of a module, except those that a decorator registers."""
    for node in tree(path).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.decorator_list:
            yield node.name
        elif isinstance(node, ast.Assign):
            yield from (target.id for target in node.targets if isinstance(target, ast.Name))


def test_every_name_of_a_module_is_used() -> None:
    """A name that only its definition or a test contains is dead code."""
    users = [*SOURCES, *(ROOT / "deploy").rglob("*.py"), *(ROOT / "templates").rglob("*.html")]
    words = Counter(word for path in users for word in re.findall(r"\w+", path.read_text(encoding="utf-8")))
    configuration = ("portal/settings.py", "portal/formats/")
    checked = [path for path in SOURCES if not name_of(path).startswith(configuration)]
    names = [(name_of(path), name) for path in checked for name in defined(path)]
    assert not [found for found in names if words[found[1]] == 1 and found[1] not in FOUND_BY_DJANGO]
