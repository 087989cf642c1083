"""Connections that notice a restart of the server before they are used, and a pooler behind which they are shared."""

from __future__ import annotations

import select
from typing import Any

import psycopg
from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection of Django that is checked for the price of one system call, direct or through a pooler.

    `is_pooled` says that a pooler lends server connections, as PgBouncer does: what is set for a session or prepared on
    one is then found by somebody else, or not at all.
    """

    is_pooled = False
    _takes_options = True

    def get_connection_params(self) -> dict[str, Any]:
        params = super().get_connection_params()
        if not self._takes_options:
            params.pop("options", None)
        return params

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        try:
            return super().get_new_connection(conn_params)
        except psycopg.OperationalError as error:
            # PgBouncer: "unsupported startup parameter: options"; RDS Proxy: no "command-line options".
            if "option" not in str(error) or "options" not in conn_params:
                raise
        self._takes_options = False
        return super().get_new_connection({name: conn_params[name] for name in conn_params if name != "options"})

    def init_connection_state(self) -> None:
        super().init_connection_state()
        (process,) = self.connection.execute("SELECT pg_backend_pid()").fetchone()
        # A pooler tells a number of its own, for cancelling.
        self.is_pooled = process != self.connection.info.backend_pid
        # The enrollment statement is parsed once for each connection to the server, where that stays the same.
        self.connection.prepare_threshold = None if self.is_pooled else 0

    def close_if_health_check_failed(self) -> None:
        """Before each statement outside a transaction, not only before the first of a request as Django does.

        Within a transaction a new connection would know nothing of what was sent before.
        """
        if self.connection is not None and self.autocommit and not self.in_atomic_block and not self.is_usable():
            self.close()

    def is_usable(self) -> bool:
        """Whether the server is there. Asked only when it sent something unasked, as a closing one does."""
        if self.connection is None or self.connection.closed:
            return False
        return not _has_sent(self.connection.fileno()) or super().is_usable()

    def close_if_unusable_or_obsolete(self) -> None:
        """After an error start anew: where a standby was demoted to, a new connection finds who took over."""
        if self.errors_occurred and not self.in_atomic_block:
            self.close()
        super().close_if_unusable_or_obsolete()

    def chunked_cursor(self) -> Any:
        self.ensure_connection()
        # Rows that are fetched piece by piece stay on one connection to the server.
        return self.cursor() if self.is_pooled else super().chunked_cursor()


def _has_sent(descriptor: int) -> bool:
    waiting = select.poll()
    waiting.register(descriptor, select.POLLIN)
    return bool(waiting.poll(0))
