"""seed_keys fills a table that satisfies every rule, and stays away from keys that people made."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection

from keys.checks import keyring_opens_what_is_sealed
from keys.crypto import keyring, tokens
from keys.management.commands.seed_keys import group_count
from keys.models import ProvisioningKey, ServiceEdgeGroup, UseState
from keys.operations import reveal_key
from portal.models import AuditEvent
from tests import factories
from tests.base import CommittedTestCase, PortalTestCase


def seed(count: int, **options: Any) -> None:
    call_command("seed_keys", count=count, verbosity=0, **options)


class SeedKeysTests(PortalTestCase):
    def setUp(self) -> None:
        factories.signing_certificate()

    def test_it_brings_the_table_to_the_count_in_every_state_of_use(self) -> None:
        seed(300)
        seed(400)
        self.assertEqual(ProvisioningKey.objects.count(), 400)
        self.assertEqual(set(ProvisioningKey.objects.values_list("use_state", flat=True)), set(UseState.values))

    def test_nothing_is_removed_when_there_are_more_already(self) -> None:
        seed(20)
        seed(10)
        self.assertEqual(ProvisioningKey.objects.count(), 20)

    def test_what_was_deleted_in_between_is_made_good_and_no_code_comes_twice(self) -> None:
        seed(50)
        ProvisioningKey.objects.filter(pk__in=ProvisioningKey.objects.order_by("pk")[10:30].values("pk")).delete()
        seed(60)
        codes = [name.split()[-1] for name in ProvisioningKey.objects.values_list("name", flat=True)]
        self.assertEqual((len(codes), len(set(codes))), (60, 60))

    def test_each_key_is_one_that_a_form_would_take(self) -> None:
        seed(100)
        for key in ProvisioningKey.objects.select_related("group", "signing_certificate"):
            key.full_clean(exclude=["fingerprint", "sealed_token"])

    def test_a_viewable_key_has_the_text_that_it_recognizes(self) -> None:
        seed(30)
        key = ProvisioningKey.objects.filter(viewable=True, use_state=UseState.UNUSED).first()
        text = reveal_key(key, purpose="show", actor=factories.ACTOR)
        token = tokens.read(text, {settings.CLOUD_DOMAIN})
        pepper = keyring.load(settings.KEYRING_FILE).pepper(key.pepper_id)
        self.assertEqual(tokens.fingerprint(token, pepper), bytes(key.fingerprint))
        self.assertEqual(tokens.abbreviate(text), (key.token_head, key.token_tail))

    def test_the_portal_is_ready_afterwards(self) -> None:
        seed(30)
        self.assertTrue(keyring_opens_what_is_sealed())

    def test_no_audit_event_is_written_for_a_key(self) -> None:
        seed(30)
        self.assertFalse(AuditEvent.objects.filter(object_kind="key").exists())

    def test_there_are_as_many_groups_as_so_many_keys_have(self) -> None:
        seed(30)
        self.assertEqual(ServiceEdgeGroup.objects.count(), group_count(30))
        self.assertEqual([group_count(keys) for keys in (100, 10_000, 100_000, 1_000_000)], [20, 100, 500, 500])


class RefusalTests(PortalTestCase):
    def test_it_refuses_to_run_beside_keys_it_did_not_make(self) -> None:
        factories.make_key("Ours")
        with self.assertRaisesMessage(CommandError, "--force"):
            seed(10)
        self.assertEqual(ProvisioningKey.objects.count(), 1)

    def test_forced_it_adds_to_them_and_leaves_them_alone(self) -> None:
        key, _ = factories.make_key("Ours")
        before = ProvisioningKey.objects.filter(pk=key.pk).values().get()
        seed(10, force=True)
        self.assertEqual(ProvisioningKey.objects.count(), 10)
        self.assertEqual(ProvisioningKey.objects.filter(pk=key.pk).values().get(), before)

    def test_a_count_that_makes_no_sense_is_refused(self) -> None:
        for count in (-1, 10**9):
            with self.subTest(count), self.assertRaises(CommandError):
                seed(count)

    def test_without_the_preloaded_certificates_it_says_what_to_run_first(self) -> None:
        with self.assertRaisesMessage(CommandError, "apply_vendor_manifest"):
            seed(10)
        self.assertFalse(ServiceEdgeGroup.objects.exists())


class CommittedTests(CommittedTestCase):
    def test_it_commits_and_a_second_run_adds_nothing(self) -> None:
        factories.signing_certificate()
        seed(25)
        connection.close()
        seed(25)
        self.assertEqual(ProvisioningKey.objects.count(), 25)
