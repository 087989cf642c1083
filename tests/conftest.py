"""What holds for the whole run: options, what portals start from, what PostgreSQL repeats, and garbage collection."""

from __future__ import annotations

import gc
import math
import os
import re
import tempfile
from pathlib import Path

import pytest
from django.db import connection

from tests.support import prepared


def pytest_configure(config: pytest.Config) -> None:
    """Workers get the variable from the process that started them, so that all share the directory."""
    if prepared.VARIABLE not in os.environ:
        directory = tempfile.TemporaryDirectory(prefix="portal-prepared-")
        os.environ[prepared.VARIABLE] = directory.name
        config.add_cleanup(directory.cleanup)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Here and not in tests/browser, whose conftest.py is read too late when pytest runs without a path."""
    group = parser.getgroup("browser", "browser tests")
    group.addoption("--latency", type=int, default=0, metavar="MS", help="delay each answer: tests that race fail")
    group.addoption("--cpu", type=int, default=1, metavar="TIMES", help="slow Chromium's processor down")


# All tests of such a module have the marker.
_ALL_MARKED = re.compile(r"^pytestmark = pytest\.mark\.(?:once|browser)$", re.MULTILINE)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Where tests marked `once` and `browser` are left out, modules with no other tests are not even imported."""
    if config.option.markexpr != "not browser and not once" or collection_path.suffix != ".py":
        return None
    return bool(_ALL_MARKED.search(collection_path.read_text(encoding="utf-8"))) or None


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On PostgreSQL only tests that may use the database run: the others give the answer that they gave on SQLite.

    Those run first, for the slow ones are among them: files of quick tests at the end keep all processors busy.
    """
    items.sort(key=may_use_the_database)
    if connection.vendor != "postgresql":
        return
    config.hook.pytest_deselected(items=[item for item in items if not may_use_the_database(item)])
    items[:] = [item for item in items if may_use_the_database(item)]


@pytest.fixture(autouse=True)
def menu_without_counts() -> None:
    """The menu counts nothing, so that the queries of a page are its own; only tests of `portal.lists.alerts` count.

    A dashboard that an earlier test opened makes the menu count again a few seconds later.
    """
    from portal import menu
    from portal.lists import alerts

    alerts.counted.update({each.label: (math.inf, 0) for each in menu.MENU})


def may_use_the_database(item: pytest.Item) -> bool:
    """Django and pytest-django raise an error when any other test connects."""
    databases = getattr(getattr(item, "cls", None), "databases", ())
    fixtures = {"db", "transactional_db", "live_server"} & set(getattr(item, "fixturenames", ()))
    return bool(databases or fixtures or item.get_closest_marker("django_db"))


def pytest_collection_finish() -> None:
    """Modules live until the end, so the collector need not visit them at each of its runs.

    Parsing pages makes many objects that live shortly; with Python's thresholds a third of all time is collecting.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 50)
