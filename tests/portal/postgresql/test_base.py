"""PostgreSQL connections that the server ends, that have unread notices, and that a pooler shares."""

from __future__ import annotations

import unittest
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from unittest import mock

from django.contrib.auth.models import Group
from django.db import InternalError, OperationalError, close_old_connections, connection, connections, transaction

from enrollment.models import ServiceEdge
from portal import checks, database
from portal.postgresql.base import DatabaseWrapper
from tests.base import CommittedTestCase
from tests.enrollment.base import CommittedEnrollmentTestCase
from tests.support import database_conditions
from tests.support.pgbouncer import SERVER_CONNECTIONS, pgbouncer

only_postgresql = unittest.skipUnless(connection.vendor == "postgresql", "about connections to PostgreSQL")
_PROCESS = "SELECT pg_backend_pid()"


def process() -> int:
    return int(database.fetch_first(_PROCESS, {})[0])


def end_connection() -> None:
    """End the connection of this thread on the server, as a restart does."""
    with database_conditions.administrator() as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [process()])


@only_postgresql
class EndedConnectionTests(CommittedTestCase):
    def test_the_next_statement_opens_a_new_connection(self) -> None:
        for ask in (Group.objects.count, process):
            before = process()
            end_connection()
            ask()
            self.assertNotEqual(process(), before)

    def test_the_next_transaction_opens_a_new_connection(self) -> None:
        end_connection()
        with transaction.atomic():
            Group.objects.create(name="new")
        self.assertTrue(Group.objects.filter(name="new").exists())

    def test_within_a_transaction_nothing_goes_on_as_if_nothing_had_happened(self) -> None:
        with self.assertRaises(OperationalError), transaction.atomic():
            Group.objects.create(name="first")
            end_connection()
            Group.objects.create(name="second")
        self.assertFalse(Group.objects.filter(name__in=("first", "second")).exists())

    def test_something_unasked_from_a_server_that_lives_ends_no_connection(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("LISTEN news")
        before = process()
        with database_conditions.administrator() as other:
            other.execute("NOTIFY news")
        self.assertEqual(process(), before)

    def test_the_check_asks_the_server_nothing(self) -> None:
        process()
        with mock.patch.object(DatabaseWrapper, "_cursor", side_effect=AssertionError("it was asked")):
            self.assertTrue(connection.is_usable())
            connection.close_if_health_check_failed()

    def test_after_an_error_the_next_request_gets_a_new_connection(self) -> None:
        """The new connection may find the new primary."""
        before = process()
        with connection.cursor() as cursor:
            cursor.execute("SET default_transaction_read_only = on")
        with self.assertRaises(InternalError):
            Group.objects.create(name="new")
        close_old_connections()
        Group.objects.create(name="new")
        self.assertNotEqual(process(), before)


@only_postgresql
class PoolerTests(CommittedEnrollmentTestCase):
    """A real PgBouncer with transaction pooling, which refuses `options` and has no prepared statements."""

    @contextmanager
    def pooled(self) -> Iterator[None]:
        address = database_conditions.address()
        url = f"postgresql://{address['user']}@{address['host']}:{address['port']}/{address['dbname']}"
        with pgbouncer(url) as through:
            changes = {"HOST": "127.0.0.1", "PORT": through.rpartition(":")[2].partition("/")[0]}
            # What other threads connect to, and this one.
            with (
                mock.patch.dict(connections.settings["default"], changes),
                database_conditions.connected_otherwise(**changes),
            ):
                yield

    def enroll_three(self, _: int) -> None:
        try:
            for _ in range(3):
                self.enroll(self.text)
        finally:
            connections.close_all()

    def test_edges_enroll_through_it_and_pages_are_answered(self) -> None:
        self.execute("UPDATE keys_provisioningkey SET max_uses = 1000 WHERE id = %s", self.key.pk)
        with self.pooled():
            with ThreadPoolExecutor(4 * SERVER_CONNECTIONS) as pool:
                list(pool.map(self.enroll_three, range(32)))
            process()
            self.assertTrue(connection.is_pooled)
            self.sign_in("sue")
            for path in ("/service-edge-keys/", "/service-edges/", "/admin/portal/auditevent/", "/readyz"):
                self.assertEqual(self.client.get(path).status_code, 200, path)
            edges = list(ServiceEdge.objects.order_by("pk").iterator(10))
        self.assertEqual((len(edges), self.uses(self.key)), (96, 96))

    def test_a_direct_connection_is_known_as_such(self) -> None:
        process()
        self.assertFalse(connection.is_pooled)
        self.assertEqual(connection.connection.prepare_threshold, 0)
        self.assertEqual(checks.check_limits_behind_a_pooler(None, ["default"]), [])

    def test_limits_that_the_role_lacks_are_said(self) -> None:
        with self.pooled():
            (found,) = checks.check_limits_behind_a_pooler(None, ["default"])
            self.assertEqual(found.id, "portal.W013")
            self.assertIn("statement_timeout", found.msg)
            database.lift_statement_timeout()
