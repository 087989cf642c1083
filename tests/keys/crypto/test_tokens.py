"""The text of a provisioning key (B-01 to B-06): only its canonical text is accepted as a key."""

from __future__ import annotations

import base64
import contextlib
import string
import time

from django.test import SimpleTestCase, override_settings
from hypothesis import given, settings
from hypothesis import strategies as st

from enrollment.errors import LONGEST_FAULT
from keys.checks import check_cloud_domains
from keys.crypto import tokens
from keys.crypto.tokens import MalformedToken, Token, WrongCloud
from tests.keys import key_vectors

DOMAIN = "api.private.example.com"
GOLDEN = Token(DOMAIN, bytes(range(16)), bytes(range(32, 64)), bytes(range(128, 160)))
GOLDEN_TEXT = (
    "1|api.private.example.com|PSEKAAECAwQFBgcICQoLDA0ODyAhIiMkJSYnKCkqKywtLi8wMTIzNDU2Nzg5Ojs8PT4/"
    "gIGCg4SFhoeIiYqLjI2Oj5CRkpOUlZaXmJmam5ydnp+zfu74c3n7Mg=="
)
GOLDEN_FINGERPRINT = "97fc316c7db8fc57bd1011db19c0ee2fda23b32633ff83690cd5558d982a7767"
quick = settings(derandomize=True, database=None, deadline=None, max_examples=300)
domains = st.from_regex(r"[a-z0-9.-]{4,60}", fullmatch=True)
pasted = st.text(st.characters(codec=None, exclude_categories=()), max_size=400)


def read(text: str) -> Token:
    return tokens.read(text, {DOMAIN})


class FormatTests(SimpleTestCase):
    def test_the_text_of_version_1_never_changes(self) -> None:
        self.assertEqual(GOLDEN.text, GOLDEN_TEXT)
        self.assertEqual(read(GOLDEN_TEXT), GOLDEN)

    def test_the_blob_is_91_bytes_in_124_characters_and_starts_with_the_magic(self) -> None:
        blob = GOLDEN.text.split("|")[2]
        self.assertEqual(len(blob), 124)
        self.assertTrue(blob.startswith("PSEK") and blob.endswith("=="))
        self.assertEqual(len(base64.b64decode(blob)), 91)

    def test_the_published_scanner_rule_finds_it(self) -> None:
        self.assertRegex(f"key={GOLDEN.text}\n", r"\b1\|[a-z0-9.-]{4,253}\|PSEK[A-Za-z0-9+/]{118}==")

    def test_minted_tokens_differ_in_id_and_secret(self) -> None:
        minted = [tokens.mint(DOMAIN, bytes(32)) for _ in range(200)]
        self.assertEqual(len({token.public_id for token in minted}), 200)
        self.assertEqual(len({token.secret for token in minted}), 200)

    def test_a_domain_that_could_not_be_read_back_is_not_minted(self) -> None:
        for domain in ("API.example.com", "a|b", "abc", "api.example.com\n", "münchen.example", ""):
            with self.subTest(domain), self.assertRaises(ValueError):
                tokens.mint(domain, bytes(32))

    def test_a_setting_that_names_such_a_domain_stops_the_start(self) -> None:
        self.assertEqual(check_cloud_domains(None), [])
        with override_settings(CLOUD_DOMAIN="API.example.com", CLOUD_DOMAIN_ALIASES=["old.example.com", "a|b"]):
            self.assertEqual([error.id for error in check_cloud_domains(None)], ["keys.E004", "keys.E004"])

    def test_the_secret_is_in_no_repr(self) -> None:
        self.assertNotIn(repr(GOLDEN.secret), repr(GOLDEN))

    def test_head_and_tail_hold_no_bit_of_the_secret(self) -> None:
        others = [Token(DOMAIN, GOLDEN.public_id, bytes([byte]) * 32, GOLDEN.pin) for byte in (0, 85, 170, 255)]
        self.assertEqual(len({tokens.abbreviate(other.text)[0] for other in others}), 1)
        head, tail = tokens.abbreviate(GOLDEN.text)
        self.assertEqual((head, tail), (GOLDEN.text[: len(f"1|{DOMAIN}|") + 25], GOLDEN.text[-10:-2]))
        # Base64 character n holds the bits from 6n on: the head ends before byte 19, the tail starts after byte 83.
        self.assertLessEqual(25 * 6, 19 * 8)
        self.assertGreaterEqual((124 - 10) * 6, 83 * 8)

    @quick
    @given(domains)
    def test_what_is_minted_is_read_back(self, domain: str) -> None:
        token = tokens.mint(domain, bytes(32))
        self.assertEqual(tokens.read(token.text, {domain}), token)


class PastedTests(SimpleTestCase):
    def test_b01_white_space_and_invisible_characters_anywhere_are_removed(self) -> None:
        wrapped = "\n".join(GOLDEN.text[start : start + 40] for start in range(0, 160, 40))
        for dirt in (" ", "\r\n", "\t", "\xa0", "\u200b", "\u200d", "\ufeff", "\u2060", "\xad", "\u2028", "\u3000"):
            with self.subTest(repr(dirt)):
                self.assertEqual(read(dirt.join(GOLDEN.text)), GOLDEN)
                self.assertEqual(read(dirt + wrapped + dirt), GOLDEN)

    def test_b01_quotes_around_it_are_removed(self) -> None:
        for pair in ('""', "''", "``", "\u201c\u201d", "\u2018\u2019", "\xab\xbb"):
            with self.subTest(pair):
                self.assertEqual(read(f" {pair[0]}{GOLDEN.text}{pair[1]}\n"), GOLDEN)

    def test_every_text_of_the_table_is_read_as_the_key_it_means(self) -> None:
        for token in (GOLDEN, tokens.mint(DOMAIN, bytes(32)), tokens.mint("a-1.example.org", bytes(32))):
            for name, text in key_vectors.read(token).items():
                with self.subTest(name):
                    self.assertEqual(tokens.read(text, {token.domain}), token)

    def test_every_refusal_says_what_is_wrong_and_where_and_repeats_nothing(self) -> None:
        for token in (GOLDEN, tokens.mint(DOMAIN, bytes(32))):
            for name, (text, words) in key_vectors.refused(token).items():
                with self.subTest(name):
                    with self.assertRaisesRegex(MalformedToken, words) as refused:
                        read(text)
                    said = str(refused.exception)
                    self.assertTrue(said.isascii() and said.isprintable() and len(said) <= LONGEST_FAULT)
                    blob = token.text.rpartition("|")[2]
                    self.assertFalse([at for at in range(118) if blob[at : at + 5] in said])

    def test_nobody_is_told_to_remove_what_stands_in_the_place_of_something_else(self) -> None:
        in_keys = set(GOLDEN.text) | set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=|.-")
        for name, (text, words) in key_vectors.refused(GOLDEN).items():
            with self.subTest(name):
                with self.assertRaisesRegex(MalformedToken, words) as refused:
                    read(text)
                if "at character" in str(refused.exception) and str(refused.exception).startswith("Remove"):
                    self.assertEqual(read("".join(each for each in text if each in in_keys)), GOLDEN)

    def test_what_a_refusal_says_to_remove_is_all_that_has_to_be_removed(self) -> None:
        for place in (5, 40, 100):
            text = GOLDEN.text[:place] + "\u201d" + GOLDEN.text[place:]
            with self.assertRaises(MalformedToken) as refused:
                read(text)
            at = int(str(refused.exception).split("at character ")[1].split(":")[0])
            self.assertEqual(read(text[: at - 1] + text[at:]), GOLDEN)

    def test_reading_is_linear_in_the_text(self) -> None:
        for piece in ("PSEK", "1|", "\\", "<http://", "[", "%7C", "> ", "\u200b", "a<https://", "x:", "#\n", "\u201e|"):
            text = (piece * tokens.LONGEST_TEXT)[: tokens.LONGEST_TEXT]
            began = time.process_time()
            for tried in (text, f"1|{text}"[: tokens.LONGEST_TEXT], text[:-200] + GOLDEN.text):
                with contextlib.suppress(MalformedToken, WrongCloud):
                    read(tried)
            self.assertLess(time.process_time() - began, 1, piece)

    def test_b01_a_quote_inside_is_not_removed(self) -> None:
        with self.assertRaises(MalformedToken):
            read(GOLDEN.text[:60] + '"' + GOLDEN.text[60:])

    @quick
    @given(pasted)
    def test_canonicalizing_twice_changes_nothing(self, text: str) -> None:
        once = tokens.canonicalize(text)
        self.assertEqual(tokens.canonicalize(once), once)

    @quick
    @given(pasted | pasted.map(lambda text: f"1|{DOMAIN}|{text}") | pasted.map(lambda text: GOLDEN.text + text))
    def test_b04_reading_raises_nothing_but_its_two_errors(self, text: str) -> None:
        try:
            token = read(text)
        except (MalformedToken, WrongCloud):
            return
        self.assertEqual(token, GOLDEN)


class DamagedTests(SimpleTestCase):
    """A SimpleTestCase forbids queries, so each of these tests shows that no query is made."""

    def assert_malformed(self, text: str) -> None:
        with self.assertRaises(MalformedToken):
            read(text)

    def test_b02_no_single_changed_character_is_accepted(self) -> None:
        alphabet = string.ascii_letters + string.digits + "+/=|.-_ \n\u200b\"'\0é"
        for position, original in enumerate(GOLDEN.text):
            for other in alphabet:
                # Capitals in the domain are accepted: the case of a domain has no meaning.
                if other != original and not (2 <= position < 2 + len(DOMAIN) and other.lower() == original):
                    self.assert_malformed(GOLDEN.text[:position] + other + GOLDEN.text[position + 1 :])

    def test_b02_no_dropped_doubled_or_swapped_character_is_accepted(self) -> None:
        text = GOLDEN.text
        for at in range(len(text)):
            self.assert_malformed(text[:at] + text[at + 1 :])
            self.assert_malformed(text[:at] + text[at] + text[at:])
            if at and text[at] != text[at - 1]:
                self.assert_malformed(text[: at - 1] + text[at] + text[at - 1] + text[at + 1 :])

    def test_b03_other_spellings_of_the_same_bytes_are_refused(self) -> None:
        blob = GOLDEN.text.split("|")[2]
        raw = base64.b64decode(blob)
        other_unused_bits = blob[:-3] + chr(ord(blob[-3]) + 1) + "=="
        self.assertEqual(base64.b64decode(other_unused_bits), raw)
        spellings = [other_unused_bits, blob.rstrip("="), blob[:-1], blob + "=", blob + "==", raw.hex()]
        spellings += [base64.urlsafe_b64encode(raw).decode(), blob[:60] + "\0" + blob[60:], blob[:60] + "=" + blob[60:]]
        for spelling in spellings:
            with self.subTest(spelling):
                self.assertNotEqual(spelling, blob)
                self.assert_malformed(f"1|{DOMAIN}|{spelling}")

    def test_b03_a_wrong_magic_is_refused_even_with_a_right_checksum(self) -> None:
        body = b"\0\0\0" + GOLDEN.public_id + GOLDEN.secret + GOLDEN.pin
        blob = base64.b64encode(body + tokens._checksum(DOMAIN, body)).decode()
        self.assert_malformed(f"1|{DOMAIN}|{blob}")

    def test_b04_huge_and_broken_texts_are_refused(self) -> None:
        for text in ("", "|", "|" * 100_000, "A" * 1_000_000, " " * 1_000_000, "\ud800" + GOLDEN.text, "\0"):
            with self.subTest(ascii(text[:10])):
                self.assert_malformed(text)

    def test_b04_a_key_after_too_much_white_space_is_refused(self) -> None:
        self.assert_malformed(" " * tokens.LONGEST_TEXT + GOLDEN.text)

    def test_b05_only_version_1_is_read(self) -> None:
        for version in ("0", "2", "01", "\u0661", "\xb9", "", "+1", "1.0", "I"):
            with self.subTest(ascii(version)):
                self.assert_malformed(version + GOLDEN.text[1:])

    def test_b06_a_sound_key_of_another_cloud_is_wrong_cloud(self) -> None:
        other = Token("api.elsewhere.example", GOLDEN.public_id, GOLDEN.secret, GOLDEN.pin)
        with self.assertRaises(WrongCloud):
            read(other.text)
        self.assertEqual(tokens.read(other.text, {DOMAIN, "api.elsewhere.example"}), other)

    def test_b06_a_domain_put_in_place_of_another_breaks_the_checksum(self) -> None:
        self.assert_malformed(GOLDEN.text.replace(DOMAIN, "api.elsewhere.example"))


class FingerprintTests(SimpleTestCase):
    def test_the_fingerprint_never_changes(self) -> None:
        self.assertEqual(tokens.fingerprint(GOLDEN, b"p" * 32).hex(), GOLDEN_FINGERPRINT)

    def test_it_depends_on_pepper_id_and_secret(self) -> None:
        found = {
            tokens.fingerprint(token, pepper)
            for pepper in (b"p" * 32, b"q" * 32)
            for token in (
                GOLDEN,
                Token(DOMAIN, bytes(16), GOLDEN.secret, GOLDEN.pin),
                Token(DOMAIN, GOLDEN.public_id, bytes(32), GOLDEN.pin),
            )
        }
        self.assertEqual(len(found), 6)


class AstrayTests(SimpleTestCase):
    """A key text in another field: its public id, and whether a part of its secret is in the text."""

    def test_the_public_id_is_read_from_a_whole_text_and_from_one_cut_off(self) -> None:
        hexadecimal = bytes(range(16)).hex()
        head, tail = tokens.abbreviate(GOLDEN_TEXT)
        blob = GOLDEN_TEXT.rpartition("|")[2]
        for text in (
            GOLDEN_TEXT,
            f"look: {GOLDEN_TEXT}",
            blob,
            GOLDEN_TEXT.replace("|", " | "),
            blob[:32] + "\n" + blob[32:],
        ):
            self.assertEqual(tokens.public_id_in(text), hexadecimal)
        # 25 characters hold all but the last two bits.
        for text in (head, f"{head}…{tail}"):
            self.assertEqual(tokens.public_id_in(text), hexadecimal[:31])
        for text in ("", "PSEK", "berlin", hexadecimal):
            self.assertEqual(tokens.public_id_in(text), "")

    def test_what_pages_show_is_no_secret_and_one_character_more_is(self) -> None:
        head, tail = tokens.abbreviate(GOLDEN_TEXT)
        for text in (head, f"{head}…{tail}", head.rpartition("|")[2], "berlin"):
            self.assertFalse(tokens.is_secret(text), text)
        for text in (GOLDEN_TEXT, GOLDEN_TEXT[: len(head) + 1], GOLDEN_TEXT.replace("+", "-").replace("/", "_")):
            self.assertTrue(tokens.is_secret(text), text)
