"""seed_keys fills a table that satisfies every rule, and stays away from keys that people made."""

from django.core.management import CommandError, call_command

from keys.models import ProvisioningKey, UseState
from tests import factories
from tests.base import PortalTestCase


class SeedKeysTest(PortalTestCase):
    def setUp(self) -> None:
        factories.preload()

    def seed(self, count: int, **options: bool) -> None:
        call_command("seed_keys", count=count, verbosity=0, **options)

    def test_it_brings_the_table_to_the_count_in_every_state_of_use(self) -> None:
        self.seed(300)
        self.seed(400)
        self.assertEqual(ProvisioningKey.objects.count(), 400)
        self.assertEqual(set(ProvisioningKey.objects.values_list("use_state", flat=True)), set(UseState.values))

    def test_it_refuses_to_run_beside_keys_it_did_not_make(self) -> None:
        factories.make_key("somebody's key".replace("'", ""))
        with self.assertRaises(CommandError):
            self.seed(10)
        self.seed(10, force=True)
        self.assertEqual(ProvisioningKey.objects.count(), 10)

    def test_a_count_that_makes_no_sense_is_refused(self) -> None:
        for count in (-1, 10**9):
            with self.assertRaises(CommandError):
                self.seed(count)
