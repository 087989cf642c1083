"""The cost of opening an encrypted file is known before it is opened, also when the file is not DER."""

from __future__ import annotations

import random
import time
import unittest

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.hazmat.primitives.serialization.pkcs12 import PBES, serialize_key_and_certificates

from keys.crypto import ber


def tlv(tag: int, *content: bytes) -> bytes:
    inside = b"".join(content)
    return bytes([tag, 0x82]) + len(inside).to_bytes(2) + inside


def number(value: int) -> bytes:
    return tlv(0x02, value.to_bytes(value.bit_length() // 8 + 1))


def scrypt(n: int, r: int, p: int) -> bytes:
    oid = bytes.fromhex("06092b06010401da47040b")
    return tlv(0x30, tlv(0x30, oid, tlv(0x30, tlv(0x04, b"salt"), number(n), number(r), number(p))))


class RoundsTest(unittest.TestCase):
    def test_the_parts_of_a_store_add_up(self) -> None:
        encryption = (
            PrivateFormat.PKCS12.encryption_builder()
            .kdf_rounds(30_000)
            .key_cert_algorithm(PBES.PBESv1SHA1And3KeyTripleDESCBC)
            .hmac_hash(SHA1())
            .build(b"x")
        )
        store = serialize_key_and_certificates(b"x", ec.generate_private_key(ec.SECP256R1()), None, None, encryption)
        self.assertGreaterEqual(ber.rounds(store), 30_000)
        self.assertLess(ber.rounds(store), 100_000)

    def test_scrypt_counts_by_the_memory_it_takes(self) -> None:
        self.assertLessEqual(ber.rounds(scrypt(16_384, 8, 1)), ber.MOST_ROUNDS)
        for costly in ((2**20, 8, 1), (2**14, 1024, 1), (2**14, 8, 2**20), (2**62, 1, 1)):
            self.assertGreater(ber.rounds(scrypt(*costly)), ber.MOST_ROUNDS, costly)

    def test_a_key_in_clear_costs_nothing(self) -> None:
        key = ec.generate_private_key(ec.SECP384R1())
        self.assertEqual(
            ber.rounds(key.private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption())), 0
        )

    def test_nothing_takes_long_or_raises(self) -> None:
        nested = b"".join(b"\x30\x83" + (64_000 - 5 * level).to_bytes(3) for level in range(12_000))[:64_000]
        flat = b"\x04\0\x02\1\1" * 12_800
        chance = random.Random(1)
        for data in (
            nested,
            flat,
            tlv(0x30, flat[:60_000]),
            b"\x30\x80" * 32_000,
            chance.randbytes(64_000),
            b"",
            b"\x30",
        ):
            began = time.thread_time()
            ber.rounds(data)
            ber.largest_secret(data)
            self.assertLess(time.thread_time() - began, 5)
