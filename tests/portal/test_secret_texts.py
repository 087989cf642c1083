"""What may hold a secret, and what is only a name."""

from __future__ import annotations

from base64 import b64decode, b64encode
from random import Random
from unittest import TestCase
from urllib.parse import quote

from portal.secret_texts import LONGEST_PART, holds_key, may_hold_secret


def key_text(seed: int) -> str:
    return f"1|api.private.example.com|{b64encode(b64decode('PSEK') + Random(seed).randbytes(88)).decode()}"


class SecretTexts(TestCase):
    def test_a_part_of_a_key_is_one_however_it_is_written(self) -> None:
        for seed in range(50):
            blob = key_text(seed).rpartition("|")[2]
            for start in (4, 27, 40, 60):
                part = blob[start : start + 40]
                for written in (part, f"key: {part}", quote(part, safe=""), quote(quote(part, safe=""), safe="")):
                    self.assertTrue(may_hold_secret(written), written)

    def test_the_beginning_of_a_key_is_one_in_pieces_and_percent_encoded_too(self) -> None:
        text = f"PSEK{'Ab1+' * 7}"
        for written in (text, " ".join(text), "".join(f"%{ord(each):02X}" for each in text)):
            self.assertTrue(may_hold_secret(written), written)

    def test_a_private_key_is_one(self) -> None:
        self.assertTrue(may_hold_secret("-----BEGIN EC PRIVATE KEY-----"))
        self.assertTrue(may_hold_secret("%2D%2DBEGIN%20PRIVATE%20KEY"))
        self.assertTrue(may_hold_secret("x" * 60))

    def test_short_parts_are_found_but_for_one_in_fifty(self) -> None:
        for length, most in ((LONGEST_PART, 40), (32, 10)):
            parts = [b64encode(Random(seed).randbytes(40)).decode()[:length] for seed in range(2000)]
            self.assertLess(sum(not may_hold_secret(part) for part in parts), most, length)

    def test_names_and_other_values_are_none(self) -> None:
        for text in (
            "Frankfurt-DC-01-Private-Service-Edge", "production_frankfurt_datacenter_0001",
            "FrankfurtDataCenter2024Rack12", "StoreESXiViennaVMwareBuilding241", "MiamiRackTestZoneCluster",
            "see /var/lib/enroll-edge/certificate.pem", "https://portal.example.com/service-edge-keys/1001/edit/",
            "America/Argentina/ComodRivadavia", "2001:db8:1234:5678:9abc:def0:1234:5678/64", "192.0.2.0/24\n" * 50,
            "Zürich Lager Süd 17 (Private Service Edges)", "2030-12-31T23:59", "a" * (LONGEST_PART + 10), "",
        ):  # fmt: skip
            self.assertFalse(may_hold_secret(text), text)

    def test_what_is_stored_is_refused_for_a_key_however_it_was_pasted(self) -> None:
        for seed in range(50):
            text = key_text(seed)
            blob = text.rpartition("|")[2]
            lines = [text[start : start + 60] for start in range(0, len(text), 60)]
            for written in (
                text, f"“{text}”", quote(text, safe=""), blob[:48], blob.replace("+", "-").replace("/", "_"),
                "\n> ".join(["", *lines]), "\\\n".join(lines), "\N{ZERO WIDTH SPACE}".join(lines), "\xad".join(text),
            ):  # fmt: skip
                self.assertTrue(holds_key(written), written)
            # On pages.
            self.assertFalse(holds_key(f"key {blob[:25]}… is of {text[:-120]}"))

    def test_a_name_with_the_letters_of_a_key_is_stored(self) -> None:
        for text in (
            "PSEK-frankfurt-datacenter-edge-01", "PSEK_berlin_production_rack_0012", "PSEK/emea/germany/frankfurt/edge",
            "1|api.example.com|PSEK", "PSEK is for Private Service Edge keys of production and staging, see wiki ==",
            "-----BEGIN CERTIFICATE-----\n" + "MIIB" * 40, "9f86d081884c7d659a2feaa0c55ad015", "",
        ):  # fmt: skip
            self.assertFalse(holds_key(text), text)
