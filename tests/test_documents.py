"""The links, headings and paths that the documents name exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.imports import ROOT, name_of

DOCUMENTS = sorted([*(ROOT / "docs").rglob("*.md"), *ROOT.glob("*.md")])
_LINK = re.compile(r"\]\((?!https?:)([^)#]*)#?([^)]*)\)")
_PATH = re.compile(r"`((?:portal|keys|enrollment|tests|deploy|templates|static|docs)/[\w./-]*)`")


def anchors(document: Path) -> set[str]:
    """The ids that headings get on code hosting sites."""
    headings = re.findall(r"^#+ (.*)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_what_a_document_names_exists(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    for path, anchor in _LINK.findall(text):
        target = document.parent / path if path else document
        assert target.exists(), path
        assert not anchor or anchor in anchors(target), f"{path}#{anchor}"
    # The changelog names files of earlier versions.
    missing = (
        [] if document.name == "CHANGELOG.md" else [path for path in _PATH.findall(text) if not (ROOT / path).exists()]
    )
    assert not missing
