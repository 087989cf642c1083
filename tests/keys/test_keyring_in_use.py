"""Which keyring the database needs: each id that rows name, and the same key under it, however many rows there are."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from django.conf import settings
from django.core import checks
from django.test import override_settings

from keys import keyring_in_use
from keys.crypto import keyring
from keys.models import ProvisioningKey
from keys.operations.key_minting import mint_into
from tests import factories
from tests.base import PortalTestCase
from tests.settings import KEYRING


class CustodyTest(PortalTestCase):
    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = Path(directory.name)
        factories.preload()

    def ring(self, name: str, *texts: str) -> str:
        """A file with the keys of all these keyrings, the last one active."""
        rings = [json.loads(text) for text in texts]
        keys = {key_id: key for ring in rings for key_id, key in ring["keys"].items()}
        path = self.directory / name
        path.write_text(json.dumps({"active": rings[-1]["active"], "keys": keys}))
        path.chmod(0o600)
        return str(path)

    def errors(self, path: str) -> list[tuple[str, str]]:
        with override_settings(KEYRING_FILE=path):
            found = checks.run_checks(databases=["default"])
        return [(message.id or "", message.msg) for message in found if message.is_serious(checks.ERROR)]

    def own(self) -> str:
        return KEYRING.read_text()

    def test_a_keyring_of_another_portal_is_named_with_the_ids_it_lacks(self) -> None:
        path = self.ring("other", keyring.generate())
        text = f"The keyring {path} lacks key 'test', with which rows are sealed."
        self.assertEqual(self.errors(path), [("keys.E003", text)])

    def test_a_keyring_of_another_portal_with_the_same_id_is_noticed(self) -> None:
        path = self.ring("same-id", keyring.generate("test"))
        text = f"The keyring {path} is another one: its key 'test' opens no sealed row."
        self.assertEqual(self.errors(path), [("keys.E003", text)])

    def test_a_keyring_that_others_can_read_is_named(self) -> None:
        path = self.ring("open", self.own())
        Path(path).chmod(0o640)
        self.assertEqual(self.errors(path), [("keys.E002", f"Others can read the keyring file {path}.")])

    def test_after_a_rotation_every_id_is_needed_also_that_of_a_pepper_in_the_middle(self) -> None:
        rotated = keyring.generate("rotated")
        with override_settings(KEYRING_FILE=self.ring("rotated", self.own(), rotated)):
            factories.make_key("hidden", viewable=False)
        factories.make_key("after")
        self.assertEqual(keyring_in_use.ids_in_use(), ["rotated", "test"])
        # An older keyring than the restored database, then one that lost its old key.
        self.assertIn("lacks key 'rotated'", self.errors(self.ring("old", self.own()))[0][1])
        self.assertIn("lacks key 'test'", self.errors(self.ring("new", rotated))[0][1])
        self.assertEqual(self.errors(self.ring("both", self.own(), rotated)), [])

    def test_rows_that_were_changed_accuse_no_keyring(self) -> None:
        key, _ = factories.make_key("changed")
        ProvisioningKey.objects.filter(pk=key.pk).update(sealed_token=b"\x01\x04test" + bytes(120))
        self.assertEqual(self.errors(settings.KEYRING_FILE), [])

    def test_a_file_that_cannot_be_read_is_told_with_the_ids_that_are_needed(self) -> None:
        needed = " Rows of the database are sealed with key 'test' of it."
        missing, empty, folder = self.directory / "missing", self.directory / "empty", self.directory / "folder"
        empty.touch(mode=0o600)
        folder.mkdir()
        for path, said in (
            (missing, "The keyring file cannot be read: No such file or directory."),
            (empty, "The keyring is not valid JSON of the documented form."),
            (folder, "The keyring file cannot be read: Is a directory."),
        ):
            self.assertEqual(self.errors(str(path)), [("keys.E001", f"{path}: {said}{needed}")])

    def test_asking_costs_a_step_for_each_id_and_not_for_each_row(self) -> None:
        group, certificate = factories.make_group(), factories.signing_certificate()
        for number in range(5):
            key = ProvisioningKey(name=f"k{number}", group=group, signing_certificate=certificate)
            mint_into(key)
            key.save()
        # The table names, the certificates, and two steps (the id, and none after it) in each of two indexes.
        with self.assertNumQueries(6):
            self.assertEqual(keyring_in_use.ids_in_use(), ["test"])
