"""Extension point: what the pages and operations of keys ask about enrolled machines.

`enrollment` registers the answers when Django starts (`EnrollmentConfig.ready`), because it imports keys and not the
other way round.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from cryptography import x509
from django.db.models import QuerySet
from django.db.models.expressions import Combinable
from django.http import HttpRequest

from keys.crypto import openssl_verification
from keys.crypto.ca_certificates import Authority, PrivateKey

# The words of the states of an edge, as far as a group counts them; they are also values of the filter of edges.
CONNECTED, DISCONNECTED, NEVER, OFF = "connected", "disconnected", "never", "off"


class Machines(Protocol):
    """Questions about the machines that enrolled."""

    def beside_keys(self) -> Mapping[str, Combinable]:
        """Expressions by name, which the list of keys reads in its own query."""

    def recent_use(self, key_id: int, values: Mapping[str, Any]) -> str:
        """Entries for the details of a key, as HTML. `values` are the results of `beside_keys`."""

    def key_sections(self, request: HttpRequest, row: Mapping[str, Any], back: Any) -> str:
        """Sections of a key's page, as HTML: its edges and its timeline, as far as the user may see them."""

    def deploy(self, request: HttpRequest, *, reveal: str = "", inserts: bool = False, shown: bool = False) -> str:
        """The section with the commands that make a machine an edge, as HTML.

        With `inserts` a button copies a command with the key's text in it: taken from this page if it is `shown` there,
        else from the address `reveal`.
        """

    def step_by_step(self) -> str:
        """The address that asks for a key step by step and then waits for the machine."""

    def keys_of_edges_named(self, name: str) -> list[str]:
        """The public ids of the keys with which edges of this name enrolled."""

    def keys_behind_edges_named(self, name: str) -> QuerySet[Any]:
        """The same as a query of public ids, for use in another query."""

    def issued(self) -> QuerySet[Any]:
        """Certificates of edges, with `issuer` and `edge`."""

    def in_force(self, now: datetime) -> QuerySet[Any]:
        """Those of `issued` that are neither revoked nor expired."""

    def edges(self) -> QuerySet[Any]:
        """Edges, with `key_public_id`."""

    def edges_of_groups(self, now: datetime) -> QuerySet[Any]:
        """Edges that are not deleted, with `group_id` and with the word of their state as `word`."""

    def described_edges(self, edges: QuerySet[Any], now: datetime) -> Sequence[Any]:
        """Such edges for a page: each with `name`, `url`, `state` and `group_id`."""

    def edges_in_group(self, user: Any) -> str:
        """The address of the list of edges in one group, whose id is appended; empty for who may not view edges."""

    def events_of_group(self, user: Any, pk: int) -> str:
        """The address of the audit log with the events of a group; empty for who may not see it."""

    def edges_below(self, user: Any) -> str:
        """The address of the list of edges that hold a certificate in force of one issuer, whose id is appended.

        Empty for a user who may not view edges.
        """

    def trial_certificate(self, authority: Authority, now: datetime) -> tuple[x509.Certificate, PrivateKey]:
        """A certificate as this CA would issue it to an edge, and its private key. It is verified and never stored."""


_registered: list[Machines] = []


def register(machines: Machines) -> None:
    """Register the answers. A later call replaces them."""
    _registered[:] = [machines]
    openssl_verification.register(machines.trial_certificate)


def answers() -> Machines:
    """The registered answers."""
    return _registered[0]
