"""The state word of a key against a real enrollment, for every combination of what decides it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from copy import copy
from datetime import timedelta
from typing import Any, NamedTuple
from unittest import mock, skipUnless
from uuid import UUID

import pytest
from django.conf import settings
from django.db import connection
from django.http import QueryDict
from django.utils import timezone
from django.utils.text import slugify

from enrollment import operations
from enrollment.errors import Refused
from keys.crypto import tokens
from keys.models import KeyState, ProvisioningKey, ServiceEdgeGroup, SigningCertificate
from keys.pages import key_rows
from keys.pages.key_list import KEYS, KeyFilters, KeyTable
from keys.pages.key_rows import May
from keys.state_filter import in_state
from portal import triggers
from portal.lists.counting import COUNTED, capped, capped_count
from portal.lists.list_filters import FEW
from portal.lists.orders import Order, whole_number
from tests.enrollment.base import EnrollmentTestCase, make_issuer, undone
from tests.factories import EDGE, make_csr, make_group, make_key
from tests.keys.base import generated

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
# What an edge that sends the pin of its key is refused with; empty: it is admitted.
CODES = {
    "Ready": "",
    "Nearly used up": "",
    "At limit": "key_exhausted",
    "Disabled": "key_disabled",
    "Expired": "key_expired",
    "Blocked: group disabled": "group_disabled",
    "Blocked: certificate disabled": "issuer_unavailable",
    "Blocked: certificate expired": "issuer_unavailable",
    "Blocked: certificate not yet valid": "issuer_unavailable",
    "Blocked: certificate pending": "issuer_unavailable",
    "Blocked: certificate without private key": "issuer_unavailable",
    "Different root": "trust_anchor_mismatch",
}
PENDING: dict[str, Any] = {
    **dict.fromkeys(("der", "serial", "fingerprint", "not_before", "not_after")),
    "request": b"request", "issuer": "", "enabled": False, "trust_anchor_sha256": "",
}  # fmt: skip
NO_KEY: dict[str, Any] = {"sealed_private_key": None, "sealed_with": None}
NAME = KeyTable.orders()["name"]
MAY_ALL = May(add=True, change=True, delete=True, reveal=True)


def certificates(now: Any) -> list[tuple[str, dict[str, Any]]]:
    """The words for what can be wrong with a certificate, each with the columns that make it so; the first is sound."""
    disabled, expired, early = {"enabled": False}, {"not_after": now + DAY - SECOND}, {"not_before": now + SECOND}
    return [
        ("", {}),
        ("Blocked: certificate disabled", disabled),
        ("Blocked: certificate expired", expired),
        ("Blocked: certificate not yet valid", early),
        ("Blocked: certificate pending", PENDING),
        ("Blocked: certificate without private key", NO_KEY),
        ("Blocked: certificate disabled", disabled | expired | NO_KEY),
        ("Blocked: certificate expired", expired | NO_KEY),
        ("Blocked: certificate not yet valid", early | NO_KEY),
    ]


class Combination(NamedTuple):
    """What decides about a key: its columns and those of its certificate, and the words that are reasons, or empty."""

    reasons: tuple[str, ...]
    group: str
    root: str
    key: dict[str, Any]
    certificate: dict[str, Any]

    @property
    def word(self) -> str:
        return next(reason for reason in self.reasons if reason)


def combinations(now: Any) -> Iterator[Combination]:
    switches = itertools.product(
        ("", "Disabled"), ("", "Blocked: group disabled"), ("", "Expired"),
        ("", "Nearly used up", "At limit"), certificates(now), ("", "Different root"),
    )  # fmt: skip
    for disabled, group, expired, use, (certificate, columns), root in switches:
        full, high = (use if use == "At limit" else ""), (use if use == "Nearly used up" else "")
        key = {
            "enabled": not disabled,
            "expires_at": now if expired else now + SECOND,
            "uses": {"At limit": 10, "Nearly used up": 8}.get(use, 7),
        }
        # In the order in which enrollment refuses.
        reasons = (disabled, group, expired, full, certificate, root, high, "Ready")
        yield Combination(reasons, group, root, key, columns)


class KeyStateTests(EnrollmentTestCase):
    """One key with a certificate of its root and one of a different root; ten uses, so that eight are four fifths."""

    @classmethod
    def setUpTestData(cls) -> None:
        cls.issuer = make_issuer()
        cls.other = generated("Other Issuer", generated("Other Root"))
        cls.key, cls.text = make_key("Edge", max_uses=10, signing_certificate=cls.issuer)
        make_key("Sound", max_uses=10)
        cls.pin = tokens.read(cls.text, {settings.CLOUD_DOMAIN}).pin.hex()
        cls.csr = make_csr()

    def answer(self, pin: str, now: Any) -> str:
        """The code with which a real enrollment is refused; empty when it is admitted."""
        try:
            operations.enroll(self.text, self.csr, caller=EDGE, trust_anchor_sha256=pin, now=now)
        except Refused as refused:
            return refused.code
        return ""

    def states(self, now: Any) -> dict[str, str]:
        """The word of each key by its name, which the page shows and whose filter alone finds the key."""
        shown = {
            row.name: key_rows.state_of(row, MAY_ALL, now).state.label
            for row in key_rows.read(ProvisioningKey.objects.all())
        }
        found = [(name, state.label) for state in KeyState for name in self.names(state, now)]
        self.assertEqual(sorted(shown.items()), sorted(found))
        return shown

    def test_every_combination_is_answered_as_its_word_means(self) -> None:
        now = timezone.now()
        for each in combinations(now):
            with self.subTest(each.reasons), undone():
                issuer = self.other if each.root else self.issuer
                ProvisioningKey.objects.filter(pk=self.key.pk).update(signing_certificate=issuer, **each.key)
                ServiceEdgeGroup.objects.filter(pk=self.key.group_id).update(enabled=not each.group)
                SigningCertificate.objects.filter(pk=issuer.pk).update(**each.certificate)
                code = CODES[each.word]
                # Without the pin of its key an edge is admitted below a different root too.
                for pin, expected in ((self.pin, code), ("", "" if each.word == "Different root" else code)):
                    with undone():
                        self.assertEqual(self.answer(pin, now), expected)

    def test_every_combination_is_named_and_filtered_alike(self) -> None:
        """A key for each, all in one list: a filter that finds a key of another state is noticed too."""
        now = timezone.now()
        # Nobody makes a key with a certificate that does not sign: these were made before it came to that.
        triggers.drop_all()
        groups = {"": self.key.group, "Blocked: group disabled": make_group(enabled=False)}
        issuers: dict[tuple[str, str], SigningCertificate] = {}
        keys, expected = [], {"Edge": "Ready", "Sound": "Ready"}
        for number, each in enumerate(combinations(now)):
            kind = (each.root, repr(each.certificate))
            if kind not in issuers:
                issuers[kind] = self.copied(self.other if each.root else self.issuer, len(issuers), each.certificate)
            key = copy(self.key)
            key.pk, key.name, key.sort_name = None, f"Key {number}", f"key {number}"
            key.public_id, key.group, key.signing_certificate = f"{number:032x}", groups[each.group], issuers[kind]
            for column, value in each.key.items():
                setattr(key, column, value)
            keys.append(key)
            expected[key.name] = each.word
        ProvisioningKey.objects.bulk_create(keys)
        self.assertEqual(set(expected.values()), set(CODES))
        self.assertEqual(self.states(now), expected)

    @staticmethod
    def copied(stored: SigningCertificate, number: int, columns: dict[str, Any]) -> SigningCertificate:
        certificate = copy(stored)
        certificate.pk, certificate.name, certificate.sort_name = None, f"Certificate {number}", f"certificate {number}"
        certificate.public_id, certificate.serial = UUID(int=number), f"{number:x}"
        certificate.fingerprint = f"{number:064x}"
        for column, value in columns.items():
            setattr(certificate, column, value)
        return SigningCertificate.objects.bulk_create([certificate])[0]

    def test_a_pin_that_is_not_known_differs_from_no_root(self) -> None:
        # No pin changes; this is that of a key from before pins were stored.
        triggers.drop_all()
        ProvisioningKey.objects.filter(pk=self.key.pk).update(pin="", signing_certificate=self.other)
        now = timezone.now()
        self.assertEqual(self.states(now), {"Edge": "Ready", "Sound": "Ready"})

    def test_where_a_reason_keeps_back_most_keys_the_others_are_found_first(self) -> None:
        now = timezone.now()
        make_key("Old", expires_at=now + SECOND)
        make_key("In a disabled group", group=make_group(enabled=False))
        make_key("Moved", signing_certificate=self.other)
        SigningCertificate.objects.filter(pk=self.issuer.pk).update(enabled=False)
        triggers.drop_all()
        ProvisioningKey.objects.filter(name="Moved").update(pin=self.pin)
        later = now + 2 * SECOND
        with mock.patch("keys.state_filter.COUNTED", -1):
            many = {state: self.names(state, later) for state in KeyState}
        # But not where few are counted at all.
        for counted in (*range(1, 8), 10_000):
            with self.subTest(counted=counted), mock.patch("keys.state_filter.COUNTED", counted):
                self.assertEqual(many, {state: self.names(state, later) for state in KeyState})
        self.assertEqual(many, {state: self.names(state, later, counted=True) for state in KeyState})
        self.assertEqual(
            {state.label: names for state, names in many.items() if names},
            {
                "Ready": ["Sound"],
                "Expired": ["Old"],
                "Blocked: group disabled": ["In a disabled group"],
                "Blocked: certificate disabled": ["Edge"],
                "Different root": ["Moved"],
            },
        )

    @staticmethod
    def names(state: KeyState, now: Any, *, counted: bool = False) -> list[str]:
        found = ProvisioningKey.objects.filter(in_state(state, now, counted=counted))
        return sorted(found.values_list("name", flat=True))

    # PostgreSQL reads a table of one page whole.
    @pytest.mark.once
    def test_blocked_keys_are_counted_by_an_index_and_many_read_in_the_order_of_the_page(self) -> None:
        triggers.drop_all()
        SigningCertificate.objects.update(enabled=False)
        filters = KeyFilters(KEYS.state(QueryDict(f"state={KeyState.CERTIFICATE_DISABLED}")), KEYS.rows())
        plan = filters.chosen.order_by().values("pk").explain()
        self.assertIn("key_by_certificate (signing_certificate_id=?)", plan)
        counted = ProvisioningKey.objects.filter(in_state(KeyState.CERTIFICATE_DISABLED, timezone.now(), counted=True))
        found_by = "key_by_certificate (signing_certificate_id=? AND enabled=? AND use_state=?)"
        self.assertIn(found_by, capped(counted).explain())
        for state in KeyState:
            with self.subTest(state=state):
                filters = KeyFilters(KEYS.state(QueryDict(f"state={state}")), KEYS.rows())
                few, many = (filters.for_page(total, NAME).order_by("sort_name") for total in (FEW, FEW + 1))
                self.assertEqual([[*few], [*many]], [[*filters.chosen]] * 2)
                by_use = state in (KeyState.AT_LIMIT, KeyState.NEARLY_USED_UP)
                index = r"SEARCH .*key_by_use_state \(use_state=\?\)$" if by_use else "SCAN .*key_in_order$"
                plan = many.values("pk").explain()
                self.assertRegex(plan.partition("\n")[0], index)
                self.assertNotIn("TEMP B-TREE FOR ORDER", plan)
        # An order without an index of all filters looks few up first, as does a page that skips the rows before it.
        few = KeyFilters(KEYS.state(QueryDict(f"state={KeyState.EXPIRED}")), KEYS.rows())
        deep = KeyFilters(KEYS.state(QueryDict(f"state={KeyState.EXPIRED}&page=2")), KEYS.rows())
        for filters, order in ((few, Order("uses", whole_number)), (deep, NAME)):
            self.assertIn("LIMIT 10001", str(filters.for_page(COUNTED, order).query))
            self.assertNotIn("LIMIT 10001", str(filters.for_page(COUNTED + 1, order).query))

    def test_of_different_roots_only_those_are_asked_for_that_keys_have(self) -> None:
        """So that the keys are one range of an index: "or" makes PostgreSQL read them in the table."""
        now = timezone.now()
        self.assertNotIn(
            "pin", str(ProvisioningKey.objects.values("pk").filter(in_state(KeyState.DIFFERENT_ROOT, now)).query)
        )
        triggers.drop_all()
        edge, sound = ProvisioningKey.objects.order_by("name")
        for pin, sign in (("0" * 64, "<"), ("f" * 64, ">")):
            ProvisioningKey.objects.filter(pk=edge.pk).update(pin=pin)
            with self.subTest(pin):
                found = ProvisioningKey.objects.filter(in_state(KeyState.DIFFERENT_ROOT, now))
                self.assertEqual([*found], [edge])
                where = str(found.values("pk").query).partition("WHERE")[2]
                self.assertRegex(where, f'"pin" {sign} ')
                self.assertNotIn(" OR ", where.partition("AND NOT")[0])
        ProvisioningKey.objects.filter(pk=sound.pk).update(pin="0" * 64)
        self.assertEqual(ProvisioningKey.objects.filter(in_state(KeyState.DIFFERENT_ROOT, now)).count(), 2)

    @pytest.mark.once
    def test_keys_are_counted_without_reading_them(self) -> None:
        """Each filter has an index with all that it asks, so that a count of 10,000 reads no rows."""
        indexes = {
            "state=disabled": "COVERING INDEX key_disabled_by_name",
            "enabled=no": "COVERING INDEX key_disabled_by_name",
            "visible=no": "COVERING INDEX key_hidden_by_name",
            "state=expired": "COVERING INDEX key_by_expiry",
            "state=at-limit": "INDEX key_by_use_state",
            "state=nearly-used-up": "INDEX key_by_use_state",
            "state=ready": "INDEX key_by_use_state",
            "state=blocked-group-disabled": "COVERING INDEX key_by_group .*USING INDEX group_disabled",
        }
        for query, index in indexes.items():
            with self.subTest(query):
                found = KeyFilters(KEYS.state(QueryDict(query)), KEYS.rows()).chosen
                self.assertRegex(capped(found).explain(), f"(?s)(SEARCH|SCAN) keys_provisioningkey USING {index}")

    @skipUnless(connection.vendor == "postgresql", "the test before it is of SQLite")
    def test_disabled_groups_are_found_without_reading_the_others(self) -> None:
        names = [f"One of many {number:03}" for number in range(500)]
        ServiceEdgeGroup.objects.bulk_create(ServiceEdgeGroup(name=name, sort_name=name.lower()) for name in names)
        found = KeyFilters(KEYS.state(QueryDict("state=blocked-group-disabled")), KEYS.rows()).chosen
        with connection.cursor() as cursor:
            # The plan follows from how many groups there are and are disabled, and not from what ran before.
            cursor.execute("ANALYZE keys_serviceedgegroup")
        self.assertRegex(capped(found).explain(), "Index .*Scan .*group_disabled")

    def test_a_state_without_keys_finds_none(self) -> None:
        """Also where no certificate is in it, so that there is no id to name."""
        now = timezone.now()
        counts = {state: ProvisioningKey.objects.filter(in_state(state, now)).count() for state in KeyState}
        self.assertEqual({state: count for state, count in counts.items() if count}, {KeyState.READY: 2})
        triggers.drop_all()
        SigningCertificate.objects.update(enabled=False)
        self.assertEqual(capped_count(ProvisioningKey.objects.filter(in_state(KeyState.READY, now))), 0)

    def test_the_value_of_a_word_in_an_address_is_the_word(self) -> None:
        self.assertEqual([state.value for state in KeyState], [slugify(state.label) for state in KeyState])
