"""The state of an edge in a word, by its status and the time of its last heartbeat."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import timedelta

from enrollment.edge.cli import add_arguments
from enrollment.models import ServiceEdge
from enrollment.operations import delete_edge, edit_edge, revoke_edge
from enrollment.pages.edge_rows import annotated
from enrollment.pages.edge_state import IN_TOUCH, edge_state
from enrollment.pages.edge_state import connection as connection_of
from tests.enrollment.base import EnrollmentTestCase, now
from tests.factories import ACTOR


class ConnectionTests(EnrollmentTestCase):
    def test_in_a_word(self) -> None:
        at, second = now(), timedelta(seconds=1)
        for before, words, tone in (
            (None, "Never connected", "off"),
            (timedelta(), "Connected · 0 s ago", "ok"),
            (12 * second, "Connected · 12 s ago", "ok"),
            (-5 * second, "Connected · 0 s ago", "ok"),
            (IN_TOUCH, "Connected · 3 min ago", "ok"),
            (IN_TOUCH + second, "Disconnected · 3 min", "warning"),
            (timedelta(hours=3), "Disconnected · 3 h", "warning"),
            (timedelta(hours=47), "Disconnected · 1 day", "warning"),
            (timedelta(days=1200), "Disconnected · 1,200 days", "warning"),
        ):
            found = connection_of(None if before is None else at - before, at)
            self.assertEqual((str(found), found.tone), (words, tone))

    def test_what_was_done_to_an_edge_comes_before_its_connection(self) -> None:
        self.enroll(self.text)

        def state() -> str:
            return str(edge_state(annotated(ServiceEdge.objects.all()).get(), now()))

        def disable(edge: ServiceEdge) -> None:
            edge.enabled = False
            edit_edge(edge, fields=["enabled"], actor=ACTOR)

        self.assertEqual(state(), "Never connected")
        for word, change in (
            ("Disabled", disable),
            ("Revoked", lambda edge: revoke_edge(edge, reason="superseded", actor=ACTOR)),
            ("Deleted", lambda edge: delete_edge(edge, actor=ACTOR)),
        ):
            change(ServiceEdge.objects.get())
            self.assertEqual(state(), word)

    def test_two_heartbeats_may_be_lost(self) -> None:
        parser = ArgumentParser()
        add_arguments(parser)
        period = timedelta(seconds=parser.get_default("heartbeat_seconds") * 1.1)
        self.assertLess(2 * period, IN_TOUCH)
