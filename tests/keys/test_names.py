"""Names: what they may hold, and the form that orders and distinguishes them on every database."""

from __future__ import annotations

import unicodedata

from django.core.exceptions import ValidationError
from django.test import SimpleTestCase
from hypothesis import given, settings
from hypothesis import strategies as st

from keys.models import ServiceEdgeGroup
from keys.names import LONGEST_NAME, LONGEST_SORT_NAME, clean_name
from portal.sort_names import sort_name
from tests.base import PortalTestCase
from tests.factories import make_group

quick = settings(derandomize=True, database=None, deadline=None, max_examples=500)
texts = st.text(st.characters(codec=None, exclude_categories=()), max_size=300)


class CleanNameTests(SimpleTestCase):
    def test_letters_marks_digits_and_four_signs_are_allowed(self) -> None:
        for name in ("Edge-1", "a.b_c d", "München", "पुणे", "東京", "مفتاح", "٣", "A" * 255, "é" * 255):
            with self.subTest(name):
                self.assertEqual(clean_name(name), name)

    def test_white_space_around_is_trimmed(self) -> None:
        self.assertEqual(clean_name(" \t\xa0 Edge \r\n"), "Edge")

    def test_a_decomposed_name_is_composed(self) -> None:
        self.assertEqual(clean_name("Mu\u0308nchen"), "München")
        self.assertEqual(clean_name("e\u0301" * 255), "é" * 255)

    def test_empty_and_too_long_names_are_refused(self) -> None:
        for name in ("", " ", "\t\n", "A" * 256, "\ufdfa" * 100):
            with self.subTest(name[:9]), self.assertRaises(ValidationError):
                clean_name(name)

    def test_other_characters_are_refused(self) -> None:
        signs = "<>&\"'/\\|;:,!?@#$%^*()+=[]{}~`\0\n\t\x7f\u00a0\u200b\u202e\ufeff\u00b2\u2460\u20ac\U0001f511\ud800"
        for sign in signs:
            with self.subTest(repr(sign)), self.assertRaises(ValidationError):
                clean_name(f"a{sign}b")

    def test_letters_and_marks_that_show_nothing_are_refused(self) -> None:
        for sign in "\u034f\u115f\u1160\u17b4\u180b\u3164\ufe0f\uffa0\U000e0100":
            with self.subTest(repr(sign)):
                self.assertIn(unicodedata.category(sign)[0], "LM")
                with self.assertRaises(ValidationError):
                    clean_name(f"a{sign}")

    @quick
    @given(texts)
    def test_a_clean_name_is_stable_and_fits_its_columns(self, text: str) -> None:
        try:
            name = clean_name(text)
        except ValidationError:
            return
        self.assertEqual(clean_name(name), name)
        self.assertTrue(1 <= len(name) <= LONGEST_NAME)
        self.assertLessEqual(len(sort_name(name)), LONGEST_SORT_NAME)

    @quick
    @given(texts)
    def test_the_sort_name_of_a_sort_name_is_itself(self, text: str) -> None:
        self.assertEqual(sort_name(sort_name(text)), sort_name(text))


class SortNameTests(SimpleTestCase):
    def test_case_width_and_composition_do_not_distinguish(self) -> None:
        for one, other in (
            ("EDGE", "edge"),
            ("Straße", "STRASSE"),
            ("\uff25dge", "Edge"),
            ("\ufb01x", "FIX"),
            ("İ", "i̇"),
        ):
            with self.subTest(one):
                self.assertEqual(sort_name(one), sort_name(other))

    def test_spaces_and_signs_do(self) -> None:
        self.assertEqual(len({sort_name(name) for name in ("a b", "a-b", "a_b", "a.b", "ab")}), 5)


class OrderTests(PortalTestCase):
    def test_both_databases_order_and_compare_by_bytes(self) -> None:
        names = ["Zebra", "a b", "a-b", "a.b", "a_b", "aa", "Ärger", "éa", "Ω", "東京", "10", "9", "\U00010400x"]
        for name in names:
            make_group(name)
        found = list(ServiceEdgeGroup.objects.order_by("sort_name").values_list("sort_name", flat=True))
        self.assertEqual(found, sorted(map(sort_name, names), key=lambda name: name.encode()))

    def test_an_equal_sort_name_is_taken(self) -> None:
        from keys.errors import Invalid

        make_group("Straße")
        with self.assertRaises(Invalid):
            make_group("STRASSE")
