"""The words for one thing and for several."""

from __future__ import annotations

import re
from unittest import TestCase

import pytest

from enrollment.pages.edge_bulk import EDGE_ACTIONS
from keys.pages.key_bulk import KEY_ACTIONS
from portal.numbers import counted, numbered

# What a sentence about one thing does not contain.
_SEVERAL = re.compile(r"\b(these|those|they|them|their|all|each|keys|machines|counts|names)\b", re.IGNORECASE)
_ONE = re.compile(r"\b(this (key|edge)|it|its)\b", re.IGNORECASE)
# "it" and "their" of what stays one, or several, whatever is counted.
_OTHERS = re.compile(
    r"a use is never given back|unless its certificates|until they expire|unless it is at its|their keys?|wipe its"
)


@pytest.mark.once
class Numbers(TestCase):
    def test_each_count_has_its_words(self) -> None:
        for count, shown, sentence in (
            (0, "0 keys", "No edges stay."),
            (1, "1 key", "No edge stays."),
            (2, "2 keys", "No edges stay."),
            (1_234, "1,234 keys", "No edges stay."),
        ):
            with self.subTest(count):
                self.assertEqual(counted(count, "key"), shown)
                self.assertEqual(numbered("No {edge|edges} {stays|stay}.", count), sentence)

    def test_each_sentence_of_a_bulk_action_is_about_one_or_about_several(self) -> None:
        for action in (*KEY_ACTIONS, *EDGE_ACTIONS):
            for sentence in action.consequences:
                with self.subTest(action.word, sentence=sentence):
                    one, several = (_OTHERS.sub("", numbered(sentence, count)) for count in (1, 2))
                    self.assertNotRegex(one + several, r"[{|}]")
                    self.assertNotRegex(one, _SEVERAL)
                    self.assertNotRegex(several, _ONE)
