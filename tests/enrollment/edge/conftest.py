"""One real portal for all tests of the edge, and a file with a key for many edges."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.enrollment.edge.helpers import make_key
from tests.support.live import LivePortal


@pytest.fixture(scope="session")
def portal() -> Iterator[LivePortal]:
    with LivePortal(aged=True) as running:
        yield running


@pytest.fixture(scope="session")
def many(portal: LivePortal, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a key named many, for 1,000 edges."""
    return make_key(portal, "many", tmp_path_factory.mktemp("keys") / "many.txt", 1000)
