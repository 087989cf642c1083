"""F45: what people and machines do is one event each, with what it changed. A new action without a case fails."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from django.contrib.auth.models import Group, Permission, User
from django.db import DatabaseError, transaction

from enrollment import operations as machines
from enrollment.errors import Refused as Unenrolled
from enrollment.models import ServiceEdge
from enrollment.operations.attempt import EnrollmentAttempt
from enrollment.operations.lookup import find
from enrollment.operations.recording_refusals import record_failure
from keys import operations
from keys.models import ProvisioningKey, ServiceEdgeGroup, SigningCertificate
from keys.operations.editing import subject
from portal.audit_actions import EDITS, Action
from portal.models import AuditEvent, SavedView
from portal.refusals import Refused
from tests.base import PortalTestCase
from tests.enrollment.base import make_issuer, now
from tests.enrollment.operations.test_taking_a_use import broken_insert
from tests.enrollment.renewal import RenewalTestCase
from tests.factories import ACTOR, EDGE, make_csr, make_group, make_key, make_managed

VIEWS = "/lists/keys/views/"
PASSWORD = "a rather long password"
EDIT_OPERATIONS = {
    ProvisioningKey: operations.edit_key,
    ServiceEdgeGroup: operations.edit_group,
    SigningCertificate: operations.edit_certificate,
}


def edit(record: Any, **values: Any) -> None:
    """An edit of these fields through the operation of the record."""
    for name, value in values.items():
        setattr(record, name, value)
    if isinstance(record, ServiceEdge):
        machines.edit_edge(record, fields=[*values], actor=ACTOR)
    else:
        EDIT_OPERATIONS[type(record)](record, fields=[*values], version=record.version, actor=ACTOR)


class EachActionTests(RenewalTestCase):
    """One thing done for each action, through its operation or its page."""

    def setUp(self) -> None:
        super().setUp()
        self.sign_in("sue")
        self.other = User.objects.create_user("other", password=PASSWORD)

    def attempt(self) -> EnrollmentAttempt:
        state = find(self.key.public_id)
        assert state is not None
        return EnrollmentAttempt(csr_pem="", wanted_anchor="", caller=EDGE, now=now(), state=state)

    def cases(self) -> dict[Action, Callable[[], Any]]:
        key, edge = self.key, ServiceEdge.objects.get(uuid=self.first.edge_uuid)
        group, empty, (doomed, _) = make_group("Old"), make_group("Empty"), make_key("doomed", max_uses=2)
        spare, issuer, csr = make_issuer("Spare"), make_issuer("Unused"), make_csr()
        self.enroll(self.text, csr)
        form = {"username": "new", "password1": PASSWORD, "password2": PASSWORD, "usable_password": "true"}
        change = {"username": "renamed", "is_active": "on", "groups": [Group.objects.get(name="Viewer").pk]}
        account = f"/admin/auth/user/{self.other.pk}/"
        sign_in = self.client_class()
        self.client_class().force_login(User.objects.get(pk=self.client.session["_auth_user_id"]))

        def refused(text: str) -> None:
            with suppress(Unenrolled):
                self.enroll(self.text, text)

        return {
            Action.KEY_CREATED: lambda: make_key("made", group=group, signing_certificate=spare),
            Action.KEY_EDITED: lambda: edit(key, name="Edited", max_uses=4),
            Action.KEY_LIMIT_RAISED: lambda: operations.raise_limit(key, max_uses=50, actor=ACTOR),
            Action.KEY_DELETED: lambda: operations.delete_key(doomed, actor=ACTOR),
            Action.KEY_SHOWN: lambda: operations.reveal_key(key, purpose="show", actor=ACTOR),
            Action.KEY_COPIED: lambda: operations.reveal_key(key, purpose="copy", actor=ACTOR),
            Action.KEY_DOWNLOADED: lambda: operations.download_key(key, actor=ACTOR),
            Action.GROUP_CREATED: lambda: make_group("Made", city="Berlin"),
            Action.GROUP_EDITED: lambda: edit(group, name="New", city="Bonn", enabled=False),
            Action.GROUP_DELETED: lambda: operations.delete_group(empty, actor=ACTOR),
            Action.CERTIFICATE_CREATED: lambda: make_issuer("Made"),
            Action.CERTIFICATE_EDITED: lambda: edit(spare, description="Spare part"),
            Action.CERTIFICATE_DELETED: lambda: operations.delete_certificate(issuer, actor=ACTOR),
            Action.EDGE_ENROLLED: lambda: self.enroll(self.text),
            Action.EDGE_REPLAYED: lambda: self.enroll(self.text, csr),
            Action.EDGE_RENEWED: self.renew,
            Action.EDGE_REFUSED: lambda: refused("no request"),
            Action.EDGE_FAILED: lambda: record_failure(DatabaseError("it failed"), self.attempt()),
            Action.EDGE_EDITED: lambda: edit(edge, name="Renamed", description="In the cellar", enabled=False),
            Action.EDGE_REVOKED: lambda: machines.revoke_edge(edge, reason="superseded", actor=ACTOR),
            Action.EDGE_DELETED: lambda: machines.delete_edge(edge, actor=ACTOR),
            Action.KEY_EDGES_REVOKED: lambda: machines.revoke_key(
                key.public_id, reason="superseded", actor=ACTOR, subject=subject(key)
            ),
            Action.LIST_EXPORTED: lambda: b"".join(self.client.get("/service-edge-keys/?format=csv").streaming_content),
            Action.VIEW_CREATED: lambda: self.client.post(VIEWS, {"name": "Daily"}),
            Action.VIEW_EDITED: lambda: self.client.post(
                VIEWS, {"rename": SavedView.objects.get().pk, "name": "Weekly"}
            ),
            Action.VIEW_DELETED: lambda: self.client.post(VIEWS, {"delete": SavedView.objects.get().pk}),
            Action.USER_CREATED: lambda: self.client.post("/admin/auth/user/add/", form),
            Action.USER_EDITED: lambda: self.client.post(f"{account}change/", change),
            Action.USER_SIGNED_IN: lambda: sign_in.post(
                "/accounts/login/", {"username": "renamed", "password": PASSWORD}
            ),
            Action.USER_SESSIONS_ENDED: lambda: self.client.post("/accounts/sessions/", {"end": "others"}),
            Action.USER_SIGNED_OUT: lambda: sign_in.post("/accounts/logout/"),
            Action.USER_REFUSED: lambda: sign_in.post("/accounts/login/", {"username": "renamed", "password": "wrong"}),
            Action.USER_DELETED: lambda: self.client.post(f"{account}delete/", {"post": "yes"}),
        }

    def test_f45_each_is_one_event_with_what_it_changed(self) -> None:
        cases = self.cases()
        self.assertEqual(set(cases), set(Action), "Give a new action a case.")
        for action, act in cases.items():
            with self.subTest(action):
                known = AuditEvent.objects.latest("id").pk
                act()
                events = AuditEvent.objects.filter(action=action, pk__gt=known)
                self.assertEqual(len(events), 1, list(AuditEvent.objects.filter(pk__gt=known)))
                (event,) = events
                self.assertEqual(event.outcome == "refused", action in {"edge.refused", "edge.failed", "user.refused"})
                self.assertTrue(event.actor_name or event.interface == "enrollment" or action == "user.refused")
                if action in EDITS:
                    self.assertTrue(event.detail)
                    for before, after in event.detail.values():
                        self.assertNotEqual(before, after)
                elif action.endswith((".created", ".deleted")) and action != Action.EDGE_DELETED:
                    self.assertTrue({"name", "username"} & set(event.detail), event.detail)

    def test_f45_an_edit_holds_every_changed_field_before_and_after(self) -> None:
        known = AuditEvent.objects.latest("id").pk
        edit(self.key, name="Berlin", max_uses=9, enabled=False, allowed_networks=["::1/128"])
        found = {each.action: each.detail for each in AuditEvent.objects.filter(pk__gt=known)}
        others = {"name": ["Edge", "Berlin"], "enabled": ["on", "off"], "allowed_networks": ["", "::1/128"]}
        self.assertEqual(found, {"key.limit_raised": {"max_uses": ["5", "9"]}, "key.edited": others})

    def test_f14_a_manifest_raises_a_maximum_like_everybody(self) -> None:
        for maximum in (3, 8):
            make_managed(groups=[{"name": "G"}], keys=[{"name": "vendor", "group": "G", "max_uses": maximum}])
        raised = AuditEvent.objects.get(action="key.limit_raised")
        self.assertEqual((raised.object_name, raised.detail), ("vendor", {"max_uses": ["3", "8"]}))


class RefusedTests(PortalTestCase):
    def test_e03_who_may_not_see_key_texts_gets_none_and_each_attempt_is_an_event(self) -> None:
        key, text = make_key("berlin")
        clerk = User.objects.create_user("clerk")
        may = [each for each in Permission.objects.all() if "provisioningkey" in each.codename]
        clerk.user_permissions.set(each for each in may if not each.codename.startswith("reveal"))
        self.client.force_login(clerk)
        page = f"/service-edge-keys/{key.pk}/"
        for path, data in (("reveal/", {"for": "copy"}), ("reveal/", {"for": "show"}), ("download/", {})):
            answer = self.client.post(page + path, data)
            self.assertEqual((answer.status_code, text in answer.content.decode()), (403, False))
        shown = self.client.get(page).content.decode()
        self.assertNotIn(key.token_tail, shown)
        refused = AuditEvent.objects.filter(action="user.refused", actor_name="clerk").order_by("id")
        self.assertEqual([event.detail["page"] for event in refused], [f"{page}reveal/"] * 2 + [f"{page}download/"])

    def test_f45_what_a_role_does_not_allow_is_an_event_with_its_address(self) -> None:
        key, _ = make_key("berlin")
        self.sign_in("vic")
        for path in (f"/service-edge-keys/{key.pk}/reveal/", "/admin/auth/user/PSEK-typed-by-hand/change/"):
            self.client.post(path, {"for": "copy"})
        copied, opened = AuditEvent.objects.filter(action="user.refused").order_by("id")
        self.assertEqual((copied.reason, copied.actor_name, copied.outcome), ("forbidden", "vic", "refused"))
        self.assertEqual(copied.detail, {"method": "POST", "page": f"/service-edge-keys/{key.pk}/reveal/"})
        self.assertNotIn("typed", str(opened.detail))

    def test_f45_a_key_that_is_not_handed_out_is_an_event_on_the_key(self) -> None:
        full, _ = make_key("full", max_uses=1)
        ProvisioningKey.objects.filter(pk=full.pk).update(uses=1)
        hidden, _ = make_key("hidden", viewable=False)
        for key, reason in ((full, "key_used_up"), (hidden, "key_not_viewable")):
            with self.assertRaises(Refused):
                operations.reveal_key(key, purpose="show", actor=ACTOR)
            with self.assertRaises(Refused):
                operations.download_key(key, actor=ACTOR)
            events = AuditEvent.objects.filter(object_name=key.name, outcome="refused").order_by("id")
            found = [(event.action, event.reason) for event in events]
            self.assertEqual(found, [("key.shown", reason), ("key.downloaded", reason)])

    def test_j03_what_cannot_be_recorded_is_not_done(self) -> None:
        key, _ = make_key("berlin", max_uses=3)
        for call in (
            lambda: operations.reveal_key(key, purpose="show", actor=ACTOR),
            lambda: operations.raise_limit(key, max_uses=99, actor=ACTOR),
            lambda: operations.delete_key(key, actor=ACTOR),
            lambda: make_group("Another"),
        ):
            with self.assertRaises(DatabaseError), broken_insert("portal_auditevent"), transaction.atomic():
                call()
        self.assertEqual(ProvisioningKey.objects.get(pk=key.pk).max_uses, 3)
        self.assertFalse(ServiceEdgeGroup.objects.filter(name="Another").exists())
