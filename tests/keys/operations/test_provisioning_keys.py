"""What each operation on a key does, refuses and records."""

from datetime import UTC, datetime, timedelta

from cryptography import x509

from keys import errors, operations
from keys.crypto import tokens
from keys.crypto.ca_certificates import spki_sha256
from keys.models import ProvisioningKey, ServiceEdgeGroup, SigningCertificate
from portal.models import AuditEvent
from tests import factories
from tests.base import PortalTestCase
from tests.factories import ACTOR
from tests.keys.base import make_certificate


def actions() -> list[str]:
    return list(AuditEvent.objects.filter(object_kind="key").order_by("id").values_list("action", flat=True))


class RaiseLimitTest(PortalTestCase):
    def test_it_raises_whatever_else_was_edited_and_never_lowers(self) -> None:
        key, _ = factories.make_key(max_uses=5)
        seen = ProvisioningKey.objects.get(pk=key.pk)
        key.name = "renamed"
        operations.edit_key(key, fields=["name"], version=key.version, actor=ACTOR)
        operations.raise_limit(seen, max_uses=9, actor=ACTOR)
        stored = ProvisioningKey.objects.get(pk=key.pk)
        self.assertEqual((stored.name, stored.max_uses, stored.version), ("renamed", 9, 3))
        with self.assertRaisesMessage(errors.Invalid, "The limit is 9 already. Enter a higher number."):
            operations.raise_limit(seen, max_uses=8, actor=ACTOR)
        ProvisioningKey.objects.filter(pk=key.pk).delete()
        with self.assertRaises(errors.Gone):
            operations.raise_limit(seen, max_uses=10, actor=ACTOR)


class CreateKeyTest(PortalTestCase):
    def test_the_text_belongs_to_the_row_and_pins_the_root(self) -> None:
        key, text = factories.make_key()
        token = tokens.read(text, {"api.private.example.com"})
        root = x509.load_der_x509_certificate(bytes(SigningCertificate.objects.get(name="Root").der))
        self.assertEqual(token.public_id.hex(), key.public_id)
        self.assertEqual(token.pin, spki_sha256(root))

    def test_a_viewable_key_is_sealed_and_a_hidden_one_is_not_stored(self) -> None:
        viewable, _ = factories.make_key(viewable=True)
        hidden, _ = factories.make_key(viewable=False)
        self.assertIsNotNone(viewable.sealed_token)
        self.assertIsNone(hidden.sealed_token)

    def test_the_group_can_be_made_with_the_key(self) -> None:
        certificate = factories.signing_certificate()
        key = ProvisioningKey(name="oregon", signing_certificate=certificate)
        operations.create_key(key, actor=ACTOR, new_group="AWS Oregon")
        self.assertEqual(key.group.name, "AWS Oregon")
        self.assertTrue(AuditEvent.objects.filter(action="group.created", object_name="AWS Oregon").exists())

    def test_a_taken_name_is_refused_and_leaves_nothing(self) -> None:
        factories.make_key("Berlin")
        key = ProvisioningKey(name="BERLIN", signing_certificate=factories.signing_certificate())
        with self.assertRaises(errors.Invalid) as refused:
            operations.create_key(key, actor=ACTOR, new_group="New group")
        self.assertEqual(refused.exception.field_name, "name")
        self.assertFalse(ServiceEdgeGroup.objects.filter(name="New group").exists())
        self.assertEqual(actions(), ["key.created"])

    def test_a_taken_group_name_is_refused_at_its_own_field(self) -> None:
        factories.make_group("Berlin DC-1")
        key = ProvisioningKey(name="new", signing_certificate=factories.signing_certificate())
        with self.assertRaises(errors.Invalid) as refused:
            operations.create_key(key, actor=ACTOR, new_group="berlin dc-1")
        self.assertEqual(refused.exception.field_name, "new_group")

    def test_the_audit_event_holds_no_part_of_the_secret(self) -> None:
        _, text = factories.make_key()
        event = AuditEvent.objects.get(action="key.created")
        self.assertNotIn(text[60:76], str(vars(event)))
        self.assertEqual(event.detail["viewable"], "on")


class EditKeyTest(PortalTestCase):
    def setUp(self) -> None:
        self.key, self.text = factories.make_key("berlin", max_uses=3)

    def edit(self, version: int = 1, **values) -> None:
        for name, value in values.items():
            setattr(self.key, name, value)
        operations.edit_key(self.key, fields=list(values), version=version, actor=ACTOR)
        self.key.refresh_from_db()

    def test_it_counts_the_version_and_records_old_and_new(self) -> None:
        self.edit(max_uses=10, name="Berlin 2")
        self.assertEqual((self.key.version, self.key.max_uses, self.key.sort_name), (2, 10, "berlin 2"))
        event = AuditEvent.objects.get(action="key.edited")
        self.assertEqual(event.detail, {"name": ["berlin", "Berlin 2"]})
        raised = AuditEvent.objects.get(action="key.limit_raised")
        self.assertEqual(raised.detail, {"max_uses": ["3", "10"]})

    def test_saving_without_a_change_records_nothing(self) -> None:
        self.edit(max_uses=3)
        self.assertEqual((self.key.version, actions()), (1, ["key.created"]))

    def test_fields_that_are_not_named_keep_their_values(self) -> None:
        ProvisioningKey.objects.filter(pk=self.key.pk).update(uses=2)
        self.edit(max_uses=5)
        self.assertEqual(self.key.uses, 2)

    def test_e07_turning_view_off_destroys_the_text_and_cannot_be_undone(self) -> None:
        self.edit(viewable=False)
        self.assertIsNone(self.key.sealed_token)
        with self.assertRaises(errors.Invalid) as refused:
            self.edit(version=2, viewable=True)
        self.assertEqual(refused.exception.field_name, "viewable")

    def test_a_stale_version_is_refused_with_both_values(self) -> None:
        self.edit(max_uses=5)
        mine = ProvisioningKey.objects.get(pk=self.key.pk)
        mine.max_uses = 7
        with self.assertRaises(errors.Stale) as refused:
            operations.edit_key(mine, fields=["max_uses"], version=1, actor=ACTOR)
        (difference,) = refused.exception.differences
        self.assertEqual((difference.theirs, difference.yours), ("5", "7"))
        self.key.refresh_from_db()
        self.assertEqual(self.key.max_uses, 5)

    def test_a_deleted_key_is_gone(self) -> None:
        ProvisioningKey.objects.all().delete()
        with self.assertRaises(errors.Gone):
            self.edit(max_uses=5)

    def test_a_taken_name_is_refused_without_spoiling_the_transaction(self) -> None:
        factories.make_key("taken")
        with self.assertRaises(errors.Invalid):
            self.edit(name="Taken")
        self.assertEqual(ProvisioningKey.objects.get(pk=self.key.pk).name, "berlin")


class DeleteKeyTest(PortalTestCase):
    def test_the_row_goes_and_its_name_is_free_again(self) -> None:
        key, _ = factories.make_key("berlin")
        operations.delete_key(key, actor=ACTOR)
        self.assertFalse(ProvisioningKey.objects.exists())
        factories.make_key("berlin")
        self.assertEqual(actions(), ["key.created", "key.deleted", "key.created"])


class HandOutTest(PortalTestCase):
    def test_each_purpose_is_recorded_by_its_own_word(self) -> None:
        key, text = factories.make_key()
        self.assertEqual(operations.reveal_key(key, purpose="copy", actor=ACTOR), text)
        self.assertEqual(operations.reveal_key(key, purpose="show", actor=ACTOR), text)
        self.assertEqual(operations.download_key(key, actor=ACTOR), text + "\n")
        self.assertEqual(actions(), ["key.created", "key.copied", "key.shown", "key.downloaded"])

    def test_a_hidden_key_is_refused_even_at_its_limit(self) -> None:
        key, _ = factories.make_key(viewable=False)
        ProvisioningKey.objects.filter(pk=key.pk).update(uses=1)
        with self.assertRaises(errors.NotViewable):
            operations.reveal_key(key, purpose="copy", actor=ACTOR)

    def test_f45_a_used_up_key_is_refused_and_both_refusals_are_recorded(self) -> None:
        key, _ = factories.make_key()
        ProvisioningKey.objects.filter(pk=key.pk).update(uses=1)
        for hand_out in [
            lambda: operations.reveal_key(key, purpose="show", actor=ACTOR),
            lambda: operations.download_key(key, actor=ACTOR),
        ]:
            with self.assertRaises(errors.UsedUp):
                hand_out()
        refused = AuditEvent.objects.filter(reason="key_used_up").order_by("id")
        self.assertEqual([event.action for event in refused], ["key.shown", "key.downloaded"])


class ManagedKeyTest(PortalTestCase):
    def setUp(self) -> None:
        factories.make_managed(groups=[{"name": "Cloud"}], keys=[{"name": "vendor", "group": "Cloud", "max_uses": 2}])
        self.key = ProvisioningKey.objects.get(name="vendor")

    def test_e02_operations_refuse_to_change_it(self) -> None:
        self.key.max_uses = 9
        with self.assertRaises(errors.Managed):
            operations.edit_key(self.key, fields=["max_uses"], version=1, actor=ACTOR)
        with self.assertRaises(errors.Managed):
            operations.delete_key(self.key, actor=ACTOR)

    def test_its_text_can_be_handed_out(self) -> None:
        self.assertTrue(operations.reveal_key(self.key, purpose="copy", actor=ACTOR).startswith("1|"))


class UseStateTest(PortalTestCase):
    def test_python_and_the_database_agree(self) -> None:
        from keys.models.provisioning_key import MOST_USES
        from keys.models.use_state import use_state

        group, certificate = factories.make_group(), factories.signing_certificate()
        limits = [1, 2, 4, 5, 6, 9, 10, 25, 1000, 999_999_999, MOST_USES]
        for limit in limits:
            key, _ = factories.make_key(f"limit {limit}", group=group, signing_certificate=certificate, max_uses=limit)
            for uses in sorted({0, 1, limit * 4 // 5 - 1, limit * 4 // 5, -(-limit * 4 // 5), limit - 1, limit}):
                if 0 <= uses <= limit:
                    ProvisioningKey.objects.filter(pk=key.pk, uses__lte=uses).update(uses=uses)
                    key.refresh_from_db()
                    self.assertEqual(key.use_state, use_state(key.uses, limit), (key.uses, limit))

    def test_expiry_is_kept_in_utc(self) -> None:
        moment = datetime(2027, 1, 1, 12, tzinfo=UTC)
        key, _ = factories.make_key(expires_at=moment)
        self.assertEqual(ProvisioningKey.objects.get(pk=key.pk).expires_at, moment)


class WhatAnEditJudgesTest(PortalTestCase):
    """A rule that time or somebody else broke does not stand in the way of an edit that leaves the field alone."""

    def setUp(self) -> None:
        self.certificate = make_certificate()
        self.key, _ = factories.make_key("berlin", max_uses=3, signing_certificate=self.certificate)
        factories.expire(self.key)
        SigningCertificate.objects.filter(pk=self.certificate.pk).update(enabled=False)
        self.key.refresh_from_db()

    def edit(self, **values: object) -> list[str]:
        edited = ProvisioningKey.objects.get(pk=self.key.pk)
        for name, value in values.items():
            setattr(edited, name, value)
        try:
            fields = operations.provisioning_keys.FIELDS
            operations.edit_key(edited, fields=fields, version=edited.version, actor=ACTOR)
        except errors.Invalid as refused:
            return [fault.field for fault in refused.faults]
        return []

    def test_an_expired_key_with_a_disabled_certificate_can_be_renamed(self) -> None:
        self.assertEqual(self.edit(name="Berlin 2"), [])
        self.assertEqual(ProvisioningKey.objects.get().name, "Berlin 2")

    def test_its_page_renames_it_too(self) -> None:
        self.sign_in("olga")
        address = f"/service-edge-keys/{self.key.pk}/edit/"
        form = self.client.get(address).context["form"]
        sent = {name: form[name].value() for name in form.fields if form[name].value() is not None}
        self.assertEqual(self.client.post(address, {**sent, "name": "Berlin 2"}).status_code, 302)

    def test_what_changes_is_judged_and_named_at_once(self) -> None:
        soon = self.key.expires_at + timedelta(microseconds=1)
        self.assertEqual(self.edit(name="<b>", max_uses=0, expires_at=soon), ["name", "max_uses", "expires_at"])
        self.assertEqual(self.edit(enabled="yes", viewable=None), ["viewable", "enabled"])
        self.assertEqual(ProvisioningKey.objects.get().version, self.key.version)

    def test_a_new_key_belongs_to_one_group(self) -> None:
        for group, new_group, refused in ((self.key.group, "Paris", "new_group"), (None, "", "group")):
            key = ProvisioningKey(name="new", signing_certificate=factories.signing_certificate())
            key.group_id = group and group.pk
            with self.assertRaises(errors.Invalid) as found:
                operations.create_key(key, actor=ACTOR, new_group=new_group)
            self.assertEqual(found.exception.field_name, refused)
