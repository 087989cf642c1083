"""Encryption at rest: a sealed value can be unsealed at its place only, and every change is noticed."""

from __future__ import annotations

import secrets

from django.test import SimpleTestCase

from keys.crypto import sealing
from keys.crypto.keyring import Keyring, KeyringError
from keys.crypto.sealing import Place, SealBroken

RING = Keyring("2026a", {"2026a": bytes(range(32))})
PLACE = Place("keys_provisioningkey", "sealed_token", "00ff")
VALUE = b"1|golden|text"
# Made once by version 1. Every later version must unseal it.
GOLDEN = bytes.fromhex(
    "01053230323661cc23f2770c07d786532f018c7efcf52db8e5e6835fffe3c6f5e0a7e99a4dc2e0127187bd745eec28eb9057daf5372d30"
    "9111dada843817592061328cb1826611e0903cc24ef81ac2b4f3212d32834962a0b6076e68ceb70d48f4427d3eb55ab1a4be25edd6"
)


class SealingTests(SimpleTestCase):
    def test_what_version_1_sealed_still_opens(self) -> None:
        self.assertEqual(sealing.unseal(GOLDEN, PLACE, RING), VALUE)

    def test_values_of_any_length_come_back(self) -> None:
        for length in (0, 1, 31, 32, 33, 5_000):
            with self.subTest(length):
                value = secrets.token_bytes(length)
                self.assertEqual(sealing.unseal(sealing.seal(value, PLACE, RING), PLACE, RING), value)

    def test_sealing_twice_gives_records_without_a_common_part(self) -> None:
        first, second = (sealing.seal(VALUE, PLACE, RING)[7:] for _ in range(2))
        self.assertFalse(
            {first[at : at + 8] for at in range(len(first) - 8)} & {second[at : at + 8] for at in range(70)}
        )

    def test_the_value_is_not_in_the_record(self) -> None:
        self.assertNotIn(VALUE, sealing.seal(VALUE, PLACE, RING))

    def test_every_flipped_bit_is_noticed(self) -> None:
        for position in range(len(GOLDEN)):
            for bit in range(8):
                changed = bytearray(GOLDEN)
                changed[position] ^= 1 << bit
                with self.assertRaises((SealBroken, KeyringError), msg=f"byte {position}, bit {bit}"):
                    sealing.unseal(bytes(changed), PLACE, RING)

    def test_every_shortened_and_a_lengthened_record_is_refused(self) -> None:
        for length in range(len(GOLDEN)):
            with self.assertRaises((SealBroken, KeyringError), msg=f"{length} bytes"):
                sealing.unseal(GOLDEN[:length], PLACE, RING)
        with self.assertRaises(SealBroken):
            sealing.unseal(GOLDEN + b"\0", PLACE, RING)

    def test_b09_a_record_moved_to_another_row_column_or_table_does_not_open(self) -> None:
        moved = [
            Place("keys_provisioningkey", "sealed_token", "00fe"),
            Place("keys_provisioningkey", "sealed_with", "00ff"),
            Place("keys_signingcertificate", "sealed_token", "00ff"),
        ]
        for place in moved:
            with self.subTest(place), self.assertRaises(SealBroken):
                sealing.unseal(GOLDEN, place, RING)

    def test_places_that_read_alike_when_joined_are_still_different(self) -> None:
        places = [Place("a", "b", "c"), Place("a,b", "c", ""), Place('a","b', "c", ""), Place("a", "b,c", "")]
        self.assertEqual(len({place.associated_data() for place in places}), len(places))

    def test_a_part_of_one_record_does_not_open_another(self) -> None:
        """Data key and ciphertext belong together, even at the same place under the same keyring."""
        other = sealing.seal(VALUE, PLACE, RING)
        split = 2 + len("2026a") + 12 + 48
        with self.assertRaises(SealBroken):
            sealing.unseal(GOLDEN[:split] + other[split:], PLACE, RING)

    def test_without_its_master_key_a_record_names_the_key_it_needs(self) -> None:
        with self.assertRaisesMessage(KeyringError, "2026a"):
            sealing.unseal(GOLDEN, PLACE, Keyring("2027", {"2027": bytes(32)}))
        self.assertEqual(sealing.sealed_with(GOLDEN), "2026a")

    def test_a_master_key_of_the_same_name_but_other_bytes_does_not_open(self) -> None:
        with self.assertRaises(SealBroken):
            sealing.unseal(GOLDEN, PLACE, Keyring("2026a", {"2026a": bytes(32)}))

    def test_after_a_rotation_old_records_open_and_new_ones_use_the_new_key(self) -> None:
        rotated = Keyring("2027", {**RING.keys, "2027": secrets.token_bytes(32)})
        self.assertEqual(sealing.unseal(GOLDEN, PLACE, rotated), VALUE)
        self.assertEqual(sealing.sealed_with(sealing.seal(VALUE, PLACE, rotated)), "2027")

    def test_no_record_is_no_record(self) -> None:
        for record in (b"", b"\x01", b"\x02" + GOLDEN[1:], b"\0" * 100):
            with self.subTest(record[:4]), self.assertRaises((SealBroken, KeyringError)):
                sealing.unseal(record, PLACE, RING)
