"""The state of an edge's connection, by the time of its last heartbeat."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import timedelta

from enrollment.edge.cli import add_arguments
from enrollment.pages.connection import IN_TOUCH
from enrollment.pages.connection import connection as connection_of
from tests.enrollment.base import EnrollmentTestCase, now


class ConnectionTests(EnrollmentTestCase):
    def test_in_a_word(self) -> None:
        at = now()
        for before, word in (
            (None, "Never connected"), (timedelta(), "Connected"), (IN_TOUCH, "Connected"),
            (IN_TOUCH + timedelta(seconds=1), "Disconnected since"), (timedelta(seconds=-5), "Connected"),
        ):  # fmt: skip
            self.assertEqual(connection_of(None if before is None else at - before, at).word, word)

    def test_two_heartbeats_may_be_lost(self) -> None:
        parser = ArgumentParser()
        add_arguments(parser)
        period = timedelta(seconds=parser.get_default("heartbeat_seconds") * 1.1)
        self.assertLess(2 * period, IN_TOUCH)
