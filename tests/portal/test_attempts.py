"""Refusals of people are events: of operations and of pages, once each, and not what somebody mistyped (F45)."""

from __future__ import annotations

from copy import copy

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from enrollment.models import ServiceEdge
from enrollment.operations import enroll
from enrollment.operations.edges import edit_edge
from keys.errors import Gone, Stale
from keys.models import ProvisioningKey
from keys.operations import delete_key, edit_key, raise_limit
from keys.pages.key_bulk import KEY_ACTIONS
from portal import audit
from portal.actors import Actor
from portal.lists import bulk
from portal.models import AuditEvent
from tests.base import PortalTestCase
from tests.factories import EDGE, make_csr, make_group, make_key
from tests.keys.pages.base import managed_key

OLGA = Actor("user", "olga", "portal", id="7")
Event = tuple[str, str, str, str]


class AttemptTests(PortalTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        cls.theirs = managed_key("theirs")
        cls.group = make_group("berlin")
        cls.key, text = make_key("lab", group=cls.group, max_uses=3)
        enroll(text, make_csr(), caller=EDGE)
        cls.edge = ServiceEdge.objects.get()
        cls.page = cls.key.get_absolute_url()
        cls.of_group = f"{cls.group.get_absolute_url()}delete/"
        cls.support = f"/admin/keys/provisioningkey/{cls.key.pk}/change/"
        cls.fields = {
            "name": "lab", "max_uses": "4", "enabled": "on", "viewable": "on", "version": "1", "opened_version": "1",
            "signing_certificate": str(cls.key.signing_certificate_id), "allowed_networks": "",
        }  # fmt: skip

    def setUp(self) -> None:
        self.user = self.sign_in("sue")

    def refused(self) -> list[Event]:
        """The refusals since the last call: action, reason, thing and interface."""
        found = AuditEvent.objects.filter(outcome="refused", pk__gt=getattr(self, "seen", 0)).order_by("id")
        events = list(found.values_list("pk", "action", "reason", "object_name", "interface"))
        self.seen = max([pk for pk, *_ in events], default=getattr(self, "seen", 0))
        return [tuple(rest) for _, *rest in events]  # type: ignore[misc]  # four columns

    def test_f45_what_the_state_of_a_record_refuses_is_one_event_on_it(self) -> None:
        self.client.post(f"{self.page}edit/", self.fields)
        in_support = {**self.fields, "allowed_networks": "[]"}
        group = f"/admin/keys/serviceedgegroup/{self.group.pk}/delete/"
        own = f"/admin/auth/user/{self.user.pk}/"
        for address, data, event in (
            (f"{self.page}edit/", self.fields, ("key.edited", "stale_version", "lab", "portal")),
            (self.support, in_support, ("key.edited", "stale_version", "lab", "support")),
            (self.of_group, {"confirm_name": "berlin"}, ("group.deleted", "in_use", "berlin", "portal")),
            (group, {"post": "yes"}, ("group.deleted", "in_use", "berlin", "support")),
            (f"{own}delete/", {"post": "yes"}, ("user.deleted", "last_administrator", "sue", "support")),
            (f"{own}change/", {"username": "eve", "is_active": "on"},
             ("user.edited", "last_administrator", "sue", "support")),
        ):  # fmt: skip
            with self.subTest(event):
                answer = self.client.post(address, data)
                self.assertEqual(self.refused(), [event])
                last = AuditEvent.objects.filter(outcome="refused").latest("id")
                self.assertEqual((last.actor_name, last.request_id), ("sue", answer["X-Request-Id"]))
        self.assertEqual(ProvisioningKey.objects.get(pk=self.key.pk).version, 2)

    def test_f45_a_page_that_refuses_before_the_operation_is_an_event_too(self) -> None:
        address = f"{self.theirs.get_absolute_url()}edit/"
        self.assertEqual(self.client.get(address).status_code, 403)
        self.assertEqual(self.refused(), [("user.refused", "managed_by_vendor", "sue", "portal")])
        last = AuditEvent.objects.filter(outcome="refused").latest("id")
        self.assertEqual(last.detail, {"method": "GET", "page": address})

    @pytest.mark.once
    def test_f45_operations_record_what_they_refuse_whoever_calls_them(self) -> None:
        gone, _ = make_key("gone")
        delete_key(copy(gone), actor=OLGA)
        old = copy(self.edge)
        edit_edge(old, fields=["name"], actor=OLGA, revision=self.edge.revision)
        for refuse, event in (
            (lambda: delete_key(gone, actor=OLGA), ("key.deleted", "gone", "gone", "portal")),
            (lambda: raise_limit(gone, max_uses=9, actor=OLGA), ("key.limit_raised", "gone", "gone", "portal")),
            (lambda: edit_edge(copy(self.edge), fields=["name"], actor=OLGA, revision=99),
             ("edge.edited", "stale_version", self.edge.name, "portal")),
        ):  # fmt: skip
            with self.subTest(event):
                self.assertRaises((Gone, Stale), refuse)
                self.assertEqual(self.refused(), [event])

    def test_the_event_of_a_refused_edit_has_the_name_of_the_record_and_nothing_that_was_typed(self) -> None:
        """A form passes on what was typed: a key may be pasted into its name, while somebody deletes the record."""
        gone, text = make_key("gone")
        edited, edge = ProvisioningKey.objects.get(pk=gone.pk), copy(self.edge)
        delete_key(gone, actor=OLGA)
        edited.name = edge.name = text
        for refuse, event in (
            (lambda: edit_key(edited, fields=["name"], version=1, actor=OLGA),
             ("key.edited", "gone", "gone", "portal")),
            (lambda: edit_edge(edge, fields=["description"], actor=OLGA, revision=99),
             ("edge.edited", "stale_version", self.edge.name, "portal")),
        ):  # fmt: skip
            with self.subTest(event), self.assertRaises((Gone, Stale)) as refused:
                refuse()
            self.assertNotIn(text, str(refused.exception))
            self.assertEqual(self.refused(), [event])

    @pytest.mark.once
    def test_a_refused_edit_is_not_taken_for_the_last_one(self) -> None:
        self.assertRaises(Stale, edit_edge, self.edge, fields=["name"], actor=OLGA, revision=99)
        with self.assertRaises(Stale) as again:
            edit_edge(self.edge, fields=["name"], actor=OLGA, revision=99)
        self.assertEqual(again.exception.changed_by, "Somebody")

    @pytest.mark.once
    def test_f45_of_many_rows_that_are_undone_each_that_refused_is_an_event(self) -> None:
        delete = next(each for each in KEY_ACTIONS if each.word == "delete")
        keys = ProvisioningKey.objects.all()
        ids = [self.key.pk, self.theirs.pk]
        outcome = bulk.run(delete, keys, ids, matching=keys, value=None, actor=OLGA)
        self.assertEqual(len(outcome.refused), 1)
        self.assertEqual(self.refused(), [("key.deleted", "managed_by_vendor", "theirs", "portal")])
        self.assertEqual(keys.count(), 2)

    @pytest.mark.once
    def test_what_somebody_mistyped_is_no_event(self) -> None:
        self.client.post(f"{self.page}edit/", {**self.fields, "name": "", "max_uses": "0"})
        self.client.post(f"{self.page}delete/", {"confirm_name": "bla"})
        self.client.post(f"{self.page}limit/", {"max_uses": "2"})
        self.client.post("/service-edge-groups/add/", {"name": ""})
        self.assertEqual(self.refused(), [])

    @pytest.mark.once
    def test_a_form_from_elsewhere_or_out_of_date_is_no_event_of_the_person_whose_browser_sent_it(self) -> None:
        browser = self.client_class(enforce_csrf_checks=True)
        assert isinstance(browser, Client)
        browser.cookies = self.client.cookies
        browser.get(self.of_group)
        own = {"referer": f"https://testserver{self.of_group}"}
        for headers, sentence in (
            ({"origin": "https://elsewhere.example"}, "another site"),
            (own, "signed in or out in another tab"),
        ):
            fields = {"confirm_name": "berlin", "csrfmiddlewaretoken": "x" * 64}
            answer = browser.post(self.of_group, fields, headers=headers)
            self.assertContains(answer, sentence, status_code=403)
            self.assertEqual(self.refused(), [])

    @pytest.mark.once
    def test_the_same_refusal_again_and_again_is_counted(self) -> None:
        with time_machine.travel(timezone.now(), tick=False):
            for _ in range(audit.FIRST + 3):
                self.client.post(self.of_group, {"confirm_name": "berlin"})
        self.assertEqual(len(self.refused()), audit.FIRST)
