"""What is wrong with an edge, and what to do about it."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.test import SimpleTestCase, override_settings

from enrollment.models import ServiceEdge
from enrollment.operations import delete_edge, revoke_edge, set_enabled
from enrollment.pages.edge_health import Facts, judge, of_edge
from enrollment.pages.edge_rows import annotated
from keys.models import ProvisioningKey, SigningCertificate
from keys.operations import edit_certificate, edit_group, edit_key
from portal.tones import Tone
from tests.enrollment.base import make_issuer, now
from tests.enrollment.pages.base import EdgePagesTestCase
from tests.factories import ACTOR
from tests.keys.base import generated
from tests.support.html import texts

AT = now()
DAY = timedelta(days=1)
HEALTHY = Facts(
    until=AT + 80 * DAY, last_contact_at=AT, enrolled_at=AT - 10 * DAY, group="G", issuer="A", next_issuer="A"
)
# What is so in each case, its tone, and the beginning of its sentence, in the order in which the first applies.
CASES: list[tuple[dict[str, Any], Tone, str]] = [
    ({"is_deleted": True}, Tone.OFF, "It is deleted"),
    ({"is_revoked": True}, Tone.DANGER, "It is revoked"),
    ({"until": AT - DAY}, Tone.DANGER, "Its certificate expired on "),
    ({"enabled": False}, Tone.OFF, "It is disabled"),
    ({"group_enabled": False}, Tone.WARNING, "Its group G is disabled"),
    ({"next_issuer": ""}, Tone.WARNING, "No signing certificate can sign"),
    ({"last_contact_at": AT + DAY}, Tone.WARNING, "Its last contact is dated "),
    ({"last_contact_at": AT - DAY, "until": AT + 9 * DAY}, Tone.WARNING, "No contact for 1 day, and its certificate"),
    ({"last_contact_at": AT - DAY}, Tone.WARNING, "No contact for 1 day, since "),
    ({"until": AT + 9 * DAY}, Tone.WARNING, "Its certificate expires on "),
    ({"last_contact_at": None}, Tone.OFF, "It enrolled 10 days ago and has not sent a heartbeat"),
    ({"has_other_root": True}, Tone.WARNING, "Its key now has a certificate with a different root"),
    ({}, Tone.OK, "Nothing is wrong. Its certificate is valid until "),
]


@pytest.mark.once
@override_settings(EDGE_CERTIFICATE_DAYS=90)
class JudgementTests(SimpleTestCase):
    def test_each_case_has_a_sentence_and_a_thing_to_do(self) -> None:
        for facts, tone, beginning in CASES:
            found = judge(replace(HEALTHY, **facts), AT)
            self.assertEqual((found.tone, found.what[: len(beginning)]), (tone, beginning))
            self.assertEqual(bool(found.to_do), bool(facts), beginning)

    def test_only_of_a_machine_that_stays_in_contact_it_is_known_that_it_renews(self) -> None:
        enrolled = replace(HEALTHY, enrolled_at=AT, last_contact_at=None)
        self.assertIn("and has to be renewed before then.", judge(enrolled, AT).what)
        self.assertIn("and renews itself before then.", judge(HEALTHY, AT).what)

    def test_of_several_the_first_is_shown(self) -> None:
        for first, second in itertools.combinations(CASES, 2):
            # What the first one needs wins where both name the same fact.
            found = judge(replace(HEALTHY, **{**second[0], **first[0]}), AT)
            is_both = first[0].keys() == {"last_contact_at"} and second[0].keys() == {"until"}
            if not is_both or first[0]["last_contact_at"] > AT:
                self.assertTrue(found.what.startswith(first[2]), (first, second, found))

    def test_every_combination_is_judged(self) -> None:
        switches = ("is_deleted", "is_revoked", "enabled", "group_enabled", "has_other_root")
        moments = (None, AT, AT - DAY, AT + DAY)
        for values in itertools.product((False, True), repeat=len(switches)):
            for until, contact, issuer in itertools.product((None, AT - DAY, AT + DAY, AT + 80 * DAY), moments, "AB"):
                facts = replace(HEALTHY, until=until, last_contact_at=contact, next_issuer=issuer)
                found = judge(replace(facts, **dict(zip(switches, values, strict=True))), AT)
                self.assertTrue(found.what.endswith("."), found)
                self.assertEqual(bool(found.to_do), found.tone is not Tone.OK, found)

    def test_a_new_edge_may_take_its_time_and_a_replaced_certificate_is_named(self) -> None:
        new = replace(HEALTHY, last_contact_at=None, enrolled_at=AT)
        self.assertEqual(judge(new, AT).tone, Tone.OK)
        self.assertIn("B signs the next one, in the place of A.", judge(replace(HEALTHY, next_issuer="B"), AT).what)


class PageTests(EdgePagesTestCase):
    def health(self) -> str:
        return str(of_edge(annotated(ServiceEdge.objects.all()).get(), now()))

    def test_the_page_and_the_support_page_show_it(self) -> None:
        self.contact()
        self.assertEqual(texts(self.get(self.page), ".health"), [self.health()])
        self.assertTrue(self.health().startswith("Nothing is wrong"))
        set_enabled(self.edge, False, actor=ACTOR)
        self.assertEqual(texts(self.get(self.page), ".health"), [self.health()])
        self.sign_in("sam")
        self.assertContains(self.get(f"/admin/enrollment/serviceedge/{self.edge.pk}/change/"), self.health())

    def test_it_follows_what_is_done_to_edge_group_key_and_certificate(self) -> None:
        self.contact()
        key = ProvisioningKey.objects.select_related("group", "signing_certificate").get(pk=self.key.pk)
        old, new = key.signing_certificate, make_issuer()

        def use(certificate: SigningCertificate) -> None:
            fresh = ProvisioningKey.objects.get(pk=key.pk)
            fresh.signing_certificate = certificate
            fields = ["signing_certificate"]
            edit_key(fresh, fields=fields, version=fresh.version, actor=ACTOR, different_root=True)

        def switch(record: Any, edit: Any, enabled: bool) -> None:
            record = type(record).objects.get(pk=record.pk)
            record.enabled = enabled
            edit(record, fields=["enabled"], version=record.version, actor=ACTOR)

        use(new)
        self.assertIn(f"{new.name} signs the next one, in the place of {old.name}.", self.health())
        switch(new, edit_certificate, False)
        self.assertIn("No signing certificate can sign", self.health())
        use(generated("Other root"))
        self.assertIn(f"stays below the root of {old.name}", self.health())
        switch(key.group, edit_group, False)
        self.assertIn(f"Its group {key.group.name} is disabled", self.health())
        revoke_edge(self.edge, reason="superseded", actor=ACTOR)
        self.assertIn("It is revoked", self.health())
        delete_edge(self.edge, actor=ACTOR)
        self.assertIn("It is deleted", self.health())
