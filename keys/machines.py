"""The one port to machines: what keys' pages and operations ask of the app that enrolls them.

`enrollment` registers its answers when Django starts (`EnrollmentConfig.ready`), because imports point the other way.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from cryptography import x509
from django.db.models import QuerySet
from django.db.models.expressions import Combinable
from django.http import HttpRequest

from keys.crypto import openssl_verification
from keys.crypto.ca_certificates import Authority, PrivateKey


class Machines(Protocol):
    """What is known of the machines that enrolled."""

    def beside_keys(self) -> Mapping[str, Combinable]:
        """Expressions that the list of keys reads along with each key, by name, so that they cost no query."""

    def recent_use(self, key_url: str, values: Mapping[str, Any]) -> str:
        """Entries for a key's details, as HTML; `values` are those of `beside_keys`."""

    def key_sections(self, request: HttpRequest, row: Mapping[str, Any], back: Any) -> str:
        """Sections of a key's page, as HTML: its edges, and who used it. Empty for who may not see edges."""

    def keys_of_edges_named(self, name: str) -> list[str]:
        """Public ids of the keys with which edges of this name enrolled."""

    def issued(self) -> QuerySet[Any]:
        """Certificates of edges, with `issuer` and `edge`."""

    def in_force(self, now: datetime) -> QuerySet[Any]:
        """Those of `issued` that are neither revoked nor expired."""

    def edges(self) -> QuerySet[Any]:
        """Edges, with `key_public_id`."""

    def throw_away_leaf(self, authority: Authority, now: datetime) -> tuple[x509.Certificate, PrivateKey]:
        """A certificate as an edge below this CA would get it, and its key, for `keys.crypto.openssl_verification`."""


_registered: list[Machines] = []


def register(machines: Machines) -> None:
    """Let `machines` answer. A later one replaces it."""
    _registered[:] = [machines]
    openssl_verification.register(machines.throw_away_leaf)


def answers() -> Machines:
    """Whoever answers."""
    return _registered[0]
