"""C-12, B-02 and B-03 at a size that `make test` waits for, with a fixed seed; `make fuzz` takes far more."""

from __future__ import annotations

import random

import pytest
from django.conf import settings

from tests.enrollment.base import EnrollmentTestCase
from tests.enrollment.flawed_csrs import CSR_CODES
from tests.factories import make_key
from tests.fuzz import campaigns, mutations

SEED = 20261127


class FuzzTests(EnrollmentTestCase):
    def setUp(self) -> None:
        super().setUp()
        _, text = make_key(max_uses=100_000)
        self.attempts = campaigns.attempts(self.client, text, settings.CLOUD_DOMAIN)

    def run_campaign(self, name: str, count: int) -> campaigns.Report:
        report = campaigns.campaign(name, SEED, count, self.attempts[name])
        self.assertEqual(report.outcomes.total(), count)
        return report

    @pytest.mark.once
    def test_c12_mutated_csrs_are_judged_with_four_codes_and_nothing_else(self) -> None:
        outcomes = self.run_campaign("CSRs", 4_000).outcomes
        # Every judge is reached, and some mutations do no harm.
        self.assertEqual(set(outcomes), CSR_CODES | {"accepted"})

    def test_c12_mutated_requests_are_never_a_500(self) -> None:
        outcomes = self.run_campaign("requests", 1_000).outcomes
        self.assertGreaterEqual(set(outcomes), CSR_CODES | {"malformed_request", "malformed_key", "201", "200"})

    @pytest.mark.once
    def test_b02_b03_no_mutated_key_is_read_but_by_the_documented_canonicalization(self) -> None:
        outcomes = self.run_campaign("keys", 5_000).outcomes
        self.assertGreaterEqual(outcomes["malformed_key"], 3_000)
        self.assertGreaterEqual(outcomes["accepted after canonicalization"], 500)

    def test_mutated_uploads_of_a_ca_are_refused_by_a_fault_of_the_list_or_accepted(self) -> None:
        outcomes = self.run_campaign("uploads", 120).outcomes
        self.assertGreaterEqual(set(outcomes), {"accepted", "certificate_unreadable", "password_wrong"})


class CampaignTests(EnrollmentTestCase):
    def test_what_is_raised_is_told_with_seed_and_number(self) -> None:
        def judge(number: float) -> str:
            if number > 0.9:
                raise KeyError("unmapped")
            return "fine"

        attempt = campaigns.Attempt(random.Random.random, judge)
        with self.assertRaisesRegex(campaigns.Failed, "seed 7, number (\\d+): KeyError") as failed:
            campaigns.campaign("numbers", 7, 1000, attempt)
        number = int(str(failed.exception).split("number ")[1].split(":")[0])
        with self.assertRaises(campaigns.Failed):
            campaigns.campaign("numbers", 7, 1, attempt, first=number)

    def test_a_reader_that_takes_another_spelling_is_noticed(self) -> None:
        original, text = campaigns.random_key(settings.CLOUD_DOMAIN, random.Random(1))
        with self.assertRaises(AssertionError):
            campaigns.read_key((campaigns.random_key(settings.CLOUD_DOMAIN, random.Random(2))[0], original.text))
        self.assertNotEqual(text, original.text)

    def test_mutations_are_the_same_for_the_same_seed(self) -> None:
        der, _ = campaigns.seeds()[0]
        first, again = ([mutations.mutated_der(random.Random(n), der) for n in range(50)] for _ in range(2))
        self.assertEqual(first, again)
