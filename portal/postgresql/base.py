"""Connections that notice a restart of the server before the next statement, and that work behind poolers."""

from __future__ import annotations

import select
from typing import Any

import psycopg
from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's connection with a health check that costs one system call.

    `is_pooled` is true behind a pooler that shares server connections, as PgBouncer does. Session settings and prepared
    statements may then reach other clients or get lost.
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
        # A pooler reports its own process id, for cancel requests.
        self.is_pooled = process != self.connection.info.backend_pid
        # On a direct connection every statement is prepared at its first use, so the server parses it once.
        self.connection.prepare_threshold = None if self.is_pooled else 0

    def close_if_health_check_failed(self) -> None:
        """Check before each statement outside a transaction; Django checks only before the first one of a request.

        Inside a transaction a new connection would lose the earlier statements.
        """
        if self.connection is not None and self.autocommit and not self.in_atomic_block and not self.is_usable():
            self.close()

    def is_usable(self) -> bool:
        """Whether the server answers. It is queried only when unread data waits, such as a notice of its shutdown."""
        if self.connection is None or self.connection.closed:
            return False
        unread = select.poll()
        unread.register(self.connection.fileno(), select.POLLIN)
        return not unread.poll(0) or super().is_usable()

    def close_if_unusable_or_obsolete(self) -> None:
        """Close the connection after an error: after a failover a new connection finds the new primary."""
        if self.errors_occurred and not self.in_atomic_block:
            self.close()
        super().close_if_unusable_or_obsolete()

    def chunked_cursor(self) -> Any:
        self.ensure_connection()
        # Behind a pooler a server-side cursor may be lost between two fetches.
        return self.cursor() if self.is_pooled else super().chunked_cursor()
