"""The keyring: its structure is checked strictly, each purpose has its own sub-key, and no key is printed."""

from __future__ import annotations

import base64
import json
import tempfile
from pathlib import Path

from django.test import SimpleTestCase

from keys.crypto import keyring
from keys.crypto.keyring import Keyring, KeyringError

KEY = base64.b64encode(bytes(range(32))).decode()
RING = Keyring("2026a", {"2026a": bytes(range(32))})


def ring(**changes: object) -> str:
    return json.dumps({"active": "2026a", "keys": {"2026a": KEY}, **changes})


class KeyringTests(SimpleTestCase):
    def test_sub_keys_never_change(self) -> None:
        sealing_key = "7cd68526a7518f853414a6045e542d4c3b6129c8d816606c0b8e7717c311697d"
        pepper = "c732e8d9f038e15460857dfa929fceeaf190075b2914563d32af50f69d8cc8ff"
        self.assertEqual(RING.sealing_key("2026a").hex(), sealing_key)
        self.assertEqual(RING.pepper("2026a").hex(), pepper)

    def test_the_file_form_is_read(self) -> None:
        self.assertEqual(keyring.parse(ring()), RING)

    def test_a_generated_keyring_is_read_back_and_differs_each_time(self) -> None:
        first, second = (keyring.parse(keyring.generate("1")) for _ in range(2))
        self.assertEqual(first.active, "1")
        self.assertNotEqual(first, second)

    def test_master_keys_are_in_no_repr(self) -> None:
        self.assertNotIn(repr(bytes(range(32))), repr(RING))
        self.assertNotIn(KEY, repr(RING))

    def test_anything_else_is_a_keyring_error(self) -> None:
        broken = [
            "", "null", "[]", "{}", "{", "1", '"text"',
            ring(active="2027"), ring(active=None), ring(active=[]), ring(active={}), ring(active=1),
            ring(keys=[]), ring(keys=None), ring(keys={"2026a": 7}), ring(keys={"2026a": None}), ring(keys={}),
            ring(keys={"2026a": "not base64!"}), ring(keys={"2026a": KEY[:-4]}), ring(keys={"2026a": "é"}),
            ring(keys={"2026a": KEY, "": KEY}), ring(keys={"2026a": KEY, "x" * 65: KEY}),
            ring(keys={"2026a": KEY, "a b": KEY}), ring(keys={"2026a": KEY, "schl\u00fcssel": KEY}),
        ]  # fmt: skip
        for text in broken:
            with self.subTest(text), self.assertRaises(KeyringError) as caught:
                keyring.parse(text)
            self.assertNotIn(KEY, str(caught.exception))

    def test_a_key_it_lacks_is_named_and_no_key_is_shown(self) -> None:
        with self.assertRaisesMessage(KeyringError, "2025"):
            RING.sealing_key("2025")

    def test_a_missing_unreadable_or_binary_file_is_a_keyring_error(self) -> None:
        with tempfile.TemporaryDirectory() as directory:
            binary = Path(directory) / "binary"
            binary.write_bytes(b"\xff\xfe\x00\xd8")
            for path in (Path(directory) / "missing", Path(directory), binary):
                with self.subTest(path.name), self.assertRaises(KeyringError):
                    keyring.load(str(path))

    def test_only_a_file_closed_to_group_and_others_is_private(self) -> None:
        with tempfile.NamedTemporaryFile() as file:
            for mode, private in ((0o400, True), (0o600, True), (0o640, False), (0o604, False), (0o620, False)):
                with self.subTest(oct(mode)):
                    Path(file.name).chmod(mode)
                    self.assertEqual(keyring.is_private(file.name), private)
