"""The normalized name by which records are sorted, compared and searched, the same on every database."""

from __future__ import annotations

import unicodedata


def sort_name(name: str) -> str:
    """`name` in NFKC, casefolded; compared byte by byte (BINARY on SQLite, COLLATE "C" on PostgreSQL)."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
