"""The words that the glossary asks to avoid are in no name, comment, page or document; no sentence is written twice."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from pathlib import Path

from tests.support.imports import ROOT, SOURCES, name_of

GLOSSARY = ROOT / "CONTRIBUTING.md"
# Where a word stays, and why.
KEPT = {
    ("docs/architecture.md", "door"): "the architecture's word",
    ("docs/architecture.md", "doors"): "the architecture's word",
    ("docs/decisions/0001-operations-are-the-only-writers.md", "door"): "the architecture's word",
    ("docs/decisions/0001-operations-are-the-only-writers.md", "doors"): "the architecture's word",
    ("portal/actors.py", "stranger"): "the audit log stores it",
    ("portal/models.py", "stranger"): "the audit log stores it",
    ("enrollment/errors.py", "tell"): "an answer to a person: Tell an administrator.",
    ("enrollment/endpoints/est/views.py", "tell"): "an answer to a person: Tell an administrator.",
}
_NAME_PARTS = re.compile(r"_|(?<=[a-z])(?=[A-Z])")


def avoided() -> list[str]:
    """The words and phrases of the table of words to avoid."""
    _, _, table = GLOSSARY.read_text(encoding="utf-8").partition("| avoid |")
    rows = re.findall(r"^\| ([a-z][^|]*?) \|", table, re.MULTILINE)
    return [word for row in rows for word in row.split(", ")]


def sources() -> list[Path]:
    documents = [*(ROOT / "docs").rglob("*.md"), ROOT / "README.md", ROOT / "SECURITY.md"]
    return [*SOURCES, *documents, *(ROOT / "templates").rglob("*.html"), *(ROOT / "static").rglob("*.[jc]s*")]


def test_the_glossary_lists_words_to_avoid() -> None:
    assert {"stranger", "another than"} <= set(avoided())


def test_avoided_words_are_nowhere() -> None:
    word = re.compile(rf"\b(?:{'|'.join(map(re.escape, avoided()))})\b", re.IGNORECASE)
    found = defaultdict(list)
    for path in sources():
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            for each in word.findall(_NAME_PARTS.sub(" ", line)):
                if (name_of(path), each.lower()) not in KEPT:
                    found[each.lower()].append(f"{name_of(path)}:{number}")
    assert not found, "\n".join(f"{word}: {', '.join(places)}" for word, places in found.items())


_SENTENCE = re.compile(r"[A-Z“].*\w \w+ \w.*[.?]")


def sentences(path: Path) -> list[str]:
    """The sentences of a module that people read, without docstrings."""
    module = ast.parse(path.read_text(encoding="utf-8"))
    docs = {node.value for node in ast.walk(module) if isinstance(node, ast.Expr)}
    texts = [node for node in ast.walk(module) if isinstance(node, ast.Constant) and node not in docs]
    return [node.value.strip() for node in texts if isinstance(node.value, str) and _SENTENCE.match(node.value.strip())]


def is_read_by_people(path: Path) -> bool:
    """Not what commands print, nor the actions on many rows, each of which states all its consequences."""
    elsewhere = {"migrations", "management", "tests"} & set(path.relative_to(ROOT).parts)
    return path.suffix == ".py" and not elsewhere and not path.stem.endswith("_bulk")


def test_a_sentence_for_people_stands_in_one_constant() -> None:
    """Otherwise one place is changed and the other is not."""
    found = defaultdict(list)
    for path in filter(is_read_by_people, SOURCES):
        for sentence in sentences(path):
            found[sentence].append(name_of(path))
    assert {sentence: places for sentence, places in found.items() if len(places) > 1} == {}
