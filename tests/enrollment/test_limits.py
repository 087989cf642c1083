"""Across modules: the count of a key is exact, never falls, is never capped or lost in an edit (A-09 to A-13).

The database, the operations of keys and those of enrollment each hold a part of it.
"""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import DatabaseError, transaction

from enrollment import operations
from enrollment.models import ServiceEdge
from keys.errors import Invalid, Stale
from keys.models import ProvisioningKey
from keys.operations import create_key, edit_key
from tests.enrollment.base import EnrollmentTestCase
from tests.factories import ACTOR, signing_certificate


class LimitTests(EnrollmentTestCase):
    def test_a09_the_maximum_cannot_be_set_below_the_count(self) -> None:
        ProvisioningKey.objects.filter(pk=self.key.pk).update(max_uses=50, uses=40)
        key = ProvisioningKey.objects.get(pk=self.key.pk)
        key.max_uses = 30
        with self.assertRaises(Invalid) as refused:
            edit_key(key, fields=["max_uses"], version=key.version, actor=ACTOR)
        self.assertEqual(refused.exception.field_name, "max_uses")
        self.assertIn("the smallest allowed value is 40", str(refused.exception))
        self.assertEqual(ProvisioningKey.objects.get(pk=self.key.pk).max_uses, 50)

    def test_a09_nor_by_raw_sql(self) -> None:
        ProvisioningKey.objects.filter(pk=self.key.pk).update(uses=4)
        for change in ("max_uses = 3", "uses = max_uses + 1", "uses = -1", "uses = uses - 1", "max_uses = 0"):
            with self.subTest(change), self.assertRaises(DatabaseError):
                self.execute(f"UPDATE keys_provisioningkey SET {change} WHERE id = %s", self.key.pk)
        self.assertEqual(self.uses(self.key), 4)

    def test_a11_deleting_an_edge_gives_no_use_back(self) -> None:
        self.enroll(self.text)
        operations.delete_edge(ServiceEdge.objects.get(), actor=ACTOR)
        self.assertEqual(self.uses(self.key), 1)
        self.assertEqual(self.enroll(self.text).edge_name, "Edge-2")

    def test_a12_the_maximum_is_a_whole_number_from_1_to_2147483647(self) -> None:
        for value, sound in (
            (1, True),
            (2_147_483_647, True),
            (0, False),
            (-1, False),
            (2**31, False),
            (10**12, False),
        ):
            with self.subTest(value):
                key = ProvisioningKey(
                    name=f"Max {value}", max_uses=value, group=self.key.group, signing_certificate=signing_certificate()
                )
                if sound:
                    create_key(key, actor=ACTOR)
                    self.assertEqual(ProvisioningKey.objects.get(pk=key.pk).max_uses, value)
                else:
                    with self.assertRaises(Invalid) as refused, transaction.atomic():
                        create_key(key, actor=ACTOR)
                    self.assertEqual(refused.exception.field_name, "max_uses")

    def test_a12_words_and_nothing_are_no_number(self) -> None:
        for value in ("1e9", "", None, "ten", "1.5", float("nan")):
            with self.subTest(value):
                key = ProvisioningKey(name="Max", max_uses=value, group=self.key.group)
                with self.assertRaises(ValidationError) as refused:
                    key.full_clean(validate_constraints=False)
                self.assertIn("max_uses", refused.exception.message_dict)

    def test_a13_a_stale_edit_is_refused_with_both_values(self) -> None:
        mine, theirs = (ProvisioningKey.objects.get(pk=self.key.pk) for _ in range(2))
        theirs.max_uses = 7
        edit_key(theirs, fields=["max_uses", "name"], version=theirs.version, actor=ACTOR)
        mine.max_uses = 9
        with self.assertRaises(Stale) as stale:
            edit_key(mine, fields=["max_uses", "name"], version=mine.version, actor=ACTOR)
        (difference,) = stale.exception.differences
        self.assertEqual((difference.theirs, difference.yours), ("7", "9"))
        self.assertEqual(ProvisioningKey.objects.get(pk=self.key.pk).max_uses, 7)

    def test_a13_enrolling_makes_no_form_stale(self) -> None:
        key = ProvisioningKey.objects.get(pk=self.key.pk)
        self.enroll(self.text)
        key.max_uses = 9
        edit_key(key, fields=["max_uses"], version=key.version, actor=ACTOR)
        found = ProvisioningKey.objects.get(pk=self.key.pk)
        self.assertEqual((found.max_uses, found.uses), (9, 1))
