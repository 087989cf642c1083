"""Characters that show nothing: refused in a name, left out of a pasted key, and a "?" in what a message repeats."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.test import SimpleTestCase

from keys.crypto import authority_rules, tokens
from keys.crypto.invisible import INVISIBLE
from keys.names import clean_name


class InvisibleTests(SimpleTestCase):
    def test_each_is_refused_in_a_name(self) -> None:
        for character in INVISIBLE:
            with self.subTest(f"U+{ord(character):04X}"), self.assertRaises(ValidationError):
                clean_name(f"a{character}b")

    def test_each_is_left_out_of_a_pasted_key(self) -> None:
        text = tokens.mint("api.private.example.com", bytes(32)).text
        for character in INVISIBLE:
            with self.subTest(f"U+{ord(character):04X}"):
                self.assertEqual(tokens.read_any(f"{text[:40]}{character}{text[40:]}").text, text)

    def test_a_message_repeats_each_as_a_question_mark(self) -> None:
        for character in INVISIBLE:
            with self.subTest(f"U+{ord(character):04X}"):
                self.assertEqual(authority_rules.shown(f"a{character}b"), "a?b")
