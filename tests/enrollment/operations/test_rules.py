"""Each combination of the rules of an enrollment, a renewal and a heartbeat: Python and SQL agree."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

from enrollment import operations
from enrollment.errors import Refused
from enrollment.models import IssuedCertificate, ServiceEdge
from enrollment.operations import lookup, rules, signing, taking_a_use
from enrollment.operations.attempt import EnrollmentAttempt
from keys.models import ProvisioningKey, ServiceEdgeGroup, SigningCertificate
from tests.enrollment.base import EnrollmentTestCase, make_issuer, now, undone
from tests.enrollment.renewal import changed_while_signing
from tests.factories import EDGE, make_csr, make_key

SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
Change = Callable[[], object]


def combinations(changes: list[tuple[str, Change]]) -> Iterator[list[tuple[str, Change]]]:
    """Every choice of these changes, none and all included, each in the order of the rules."""
    for chosen in itertools.product([False, True], repeat=len(changes)):
        yield [change for change, is_chosen in zip(changes, chosen, strict=True) if is_chosen]


class EnrollingTests(EnrollmentTestCase):
    """The statement that takes a use decides as the look-up does, whenever the rows change."""

    @classmethod
    def setUpTestData(cls) -> None:
        cls.issuer = make_issuer()
        cls.key, cls.text = make_key("Edge", max_uses=5, signing_certificate=cls.issuer)
        cls.at = now()
        # Everything is allowed for the last moment, and the issuer for the first one too.
        ProvisioningKey.objects.update(uses=4, expires_at=cls.at + SECOND / 1000)
        SigningCertificate.objects.filter(pk=cls.issuer.pk).update(not_before=cls.at, not_after=cls.at + DAY)

    def changes(self) -> list[tuple[str, Change]]:
        key = ProvisioningKey.objects.filter(pk=self.key.pk)
        group = ServiceEdgeGroup.objects.filter(pk=self.key.group_id)
        issuer = SigningCertificate.objects.filter(pk=self.issuer.pk)
        return [
            ("key_disabled", lambda: key.update(enabled=False)),
            ("group_disabled", lambda: group.update(enabled=False)),
            ("key_expired", lambda: key.update(expires_at=self.at)),
            ("key_exhausted", lambda: key.update(uses=5)),
            ("issuer_unavailable", lambda: issuer.update(enabled=False)),
            ("issuer_unavailable", lambda: issuer.update(not_before=self.at + SECOND / 1000)),
            ("issuer_unavailable", lambda: issuer.update(not_after=self.at + DAY - SECOND / 1000)),
            ("issuer_unavailable", lambda: issuer.update(sealed_private_key=None, sealed_with=None)),
        ]

    def test_the_statement_takes_a_use_exactly_when_no_rule_forbids_it(self) -> None:
        before = lookup.find(self.key.public_id)
        attempt = EnrollmentAttempt(csr_pem=make_csr(), wanted_anchor="", caller=EDGE, now=self.at, state=before)
        identity = signing.identity_of(ServiceEdge._meta.get_field("uuid").get_default(), before.group_id)
        signed = signing.sign(attempt, identity, before.issuer_id, before.issuer_fingerprint)
        for chosen in combinations(self.changes()):
            with self.subTest([code for code, _ in chosen]), undone():
                for _, change in chosen:
                    change()
                state = lookup.find(self.key.public_id)
                code = rules.against_enrolling(state, None, self.at)
                self.assertEqual(code, next((code for code, _ in chosen), ""))
                self.assertEqual(bool(taking_a_use.record(attempt, identity, signed.certificate)), not code)

    def test_the_network_comes_behind_disabled_and_before_the_rest(self) -> None:
        """It is not in the statement: the caller's address stays, and a saved list is another version of the key."""
        state = replace(lookup.find(self.key.public_id), allowed_networks=["198.51.100.0/24"])
        elsewhere = "network_not_allowed"
        for address, code in (("198.51.100.7", "key_expired"), ("203.0.113.7", elsewhere), (None, elsewhere)):
            self.assertEqual(rules.against_enrolling(state, address, self.at + DAY), code)
        disabled = replace(state, group_enabled=False)
        self.assertEqual(rules.against_enrolling(disabled, None, self.at), "group_disabled")

    def test_only_what_an_administrator_forbade_forbids_a_replay(self) -> None:
        self.enroll(self.text, csr := make_csr(), at=self.at)
        for chosen in combinations(self.changes()):
            codes = [code for code, _ in chosen]
            with self.subTest(codes), undone():
                for _, change in chosen:
                    change()
                forbidden = codes[0] if {"key_disabled", "group_disabled"} & set(codes) else ""
                self.assertEqual(self.refusal(self.text, csr, at=self.at), forbidden)


class EnrolledTestCase(EnrollmentTestCase):
    """An edge, its certificate as it was read before anything changed, and what may happen to it."""

    def setUp(self) -> None:
        super().setUp()
        self.csr = make_csr()
        self.enroll(self.text, self.csr, at=now() - 70 * DAY)
        self.current = self.read()

    def read(self) -> IssuedCertificate:
        return IssuedCertificate.objects.select_related("edge__group").earliest("id")

    def changes(self) -> list[tuple[str, Change]]:
        row, at = IssuedCertificate.objects.filter(pk=self.current.pk), now()
        edge = ServiceEdge.objects.filter(pk=self.current.edge_id)
        group = ServiceEdgeGroup.objects.filter(pk=self.current.edge.group_id)
        return [
            ("certificate_revoked", lambda: row.update(revoked_at=at, revocation_reason="unspecified")),
            ("certificate_revoked", lambda: edge.update(deleted_at=at)),
            ("edge_disabled", lambda: edge.update(enabled=False)),
            ("group_disabled", lambda: group.update(enabled=False)),
        ]

    def assert_each(self, attempt: Callable[[Change, list[str]], None]) -> None:
        """`attempt` gets a function that makes the changes of one combination, and their codes."""
        for chosen in combinations(self.changes()):
            codes = [code for code, _ in chosen]
            with self.subTest(codes), undone():
                attempt(lambda made=chosen: [change() for _, change in made], codes)


class RenewingTests(EnrolledTestCase):
    def renewal(self, change: Change = lambda: None) -> str:
        """The code with which a renewal is refused when `change` is made after it was signed; empty: recorded."""
        with changed_while_signing(change):
            try:
                operations.renew(self.read(), make_csr(), caller=EDGE)
            except Refused as refused:
                return refused.code
        return ""

    def test_before_and_after_signing_the_same_rules_hold(self) -> None:
        def attempt(change: Change, codes: list[str]) -> None:
            late = self.renewal(change)
            self.assertEqual(late, next(iter(codes), ""))
            self.assertEqual(rules.against_renewing(self.read(), now()), late)
            self.assertEqual(IssuedCertificate.objects.count(), 1 + (not late))
            if late:
                self.assertEqual(self.renewal(), late)

        self.assert_each(attempt)

    def test_a_certificate_renews_from_its_first_second_to_its_last(self) -> None:
        first, last, expired = self.current.not_before, self.current.not_after, "certificate_expired"
        for moment, code in ((first - SECOND, expired), (first, ""), (last, ""), (last + SECOND, expired)):
            self.assertEqual(rules.against_renewing(self.current, moment), code)


class HeartbeatTests(EnrolledTestCase):
    def contact(self, certificate: IssuedCertificate) -> tuple[str, bool]:
        """The code of the refusal, and whether a contact was stored."""
        code = ""
        try:
            operations.record_contact(certificate, operations.Report(version="1"))
        except Refused as refused:
            code = refused.code
        return code, ServiceEdge.objects.filter(pk=certificate.edge_id, version="1").exists()

    def test_a_contact_is_stored_exactly_when_no_rule_forbids_it(self) -> None:
        def attempt(change: Change, codes: list[str]) -> None:
            change()
            code = next((code for code in codes if code != "group_disabled"), "")
            self.assertEqual(self.contact(self.read()), (code, not code))

        self.assert_each(attempt)

    def test_d06_an_edge_that_was_disabled_or_deleted_since_it_was_read_is_refused_and_not_changed(self) -> None:
        def attempt(change: Change, codes: list[str]) -> None:
            certificate = self.read()
            change()
            edge = ServiceEdge.objects.get(pk=certificate.edge_id)
            code = "certificate_revoked" if edge.deleted_at else "" if edge.enabled else "edge_disabled"
            self.assertEqual(self.contact(certificate), (code, not code))

        self.assert_each(attempt)


class ReplayTests(EnrolledTestCase):
    def test_one_refusal_for_whatever_became_of_the_edge(self) -> None:
        def attempt(change: Change, codes: list[str]) -> None:
            change()
            lost = [code for code in codes if code != "group_disabled"]
            # The group of the edge is its key's here, and forbids before the edge is looked at.
            code = "group_disabled" if "group_disabled" in codes else "enrollment_conflict" if lost else ""
            self.assertEqual(self.refusal(self.text, self.csr), code)

        self.assert_each(attempt)

    def test_the_key_of_another_edge_is_refused_first(self) -> None:
        _, other = make_key("Other")

        def attempt(change: Change, codes: list[str]) -> None:
            change()
            self.assertEqual(self.refusal(other, self.csr), "public_key_in_use")

        self.assert_each(attempt)

    def test_a_certificate_that_is_not_valid_yet_is_repeated_and_an_expired_one_is_not(self) -> None:
        state = lookup.find(self.key.public_id)
        first, last = self.current.not_before, self.current.not_after
        for moment, code in ((first - DAY, ""), (last, ""), (last + SECOND, "enrollment_conflict")):
            self.assertEqual(rules.against_replay(self.current, state, moment), code)
