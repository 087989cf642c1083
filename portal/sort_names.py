"""The form of a name that orders, distinguishes and finds records, the same on every database."""

from __future__ import annotations

import unicodedata


def sort_name(name: str) -> str:
    """NFKC and casefolded; compared byte by byte (BINARY on SQLite, COLLATE "C" on PostgreSQL)."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
