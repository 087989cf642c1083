"""The words in which groups count their edges are the states that the list of edges filters by."""

from __future__ import annotations

from django.utils import timezone

from enrollment.models import ServiceEdge
from enrollment.operations import edit_edge, revoke_edge
from enrollment.pages.edge_list import EDGES
from enrollment.pages.edge_words import with_word
from keys.machines import CONNECTED, DISCONNECTED, NEVER, OFF
from tests.enrollment.base import EnrollmentTestCase
from tests.factories import ACTOR
from tests.keys.pages.groups import LATELY, LONG_AGO, make_edges


class Words(EnrollmentTestCase):
    def test_they_count_what_the_filter_finds(self) -> None:
        for _ in range(3):
            self.enroll(self.text)
        revoked, renewed, disabled = ServiceEdge.objects.order_by("pk")
        revoke_edge(revoked, reason="superseded", actor=ACTOR)
        disabled.enabled = False
        edit_edge(disabled, fields=["enabled"], actor=ACTOR)
        ServiceEdge.objects.update(last_contact_at=timezone.now())
        make_edges(self.key, LATELY, LONG_AGO, None, -LATELY, -LONG_AGO)
        now, found = timezone.now(), {}
        for edge in with_word(ServiceEdge.objects.live(), now):
            found.setdefault(edge.word, set()).add(edge.pk)
        connection = EDGES.filters.base_filters["connection"]
        for word in (CONNECTED, DISCONNECTED, NEVER):
            listed = set(ServiceEdge.objects.live().filter(connection.condition(word)).values_list("pk", flat=True))
            self.assertEqual(found[word], listed, word)
        self.assertEqual(found[OFF], {revoked.pk, disabled.pk})
        self.assertIn(renewed.pk, found[CONNECTED])
