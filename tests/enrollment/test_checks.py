"""The warnings of `manage.py check --database default` about edges."""

from __future__ import annotations

from datetime import timedelta

from django.core import checks
from django.test import override_settings

from enrollment import operations
from enrollment.models import IssuedCertificate
from tests.enrollment.base import EnrollmentTestCase, now
from tests.factories import ACTOR, EDGE, make_csr

DIFFERENT = "a certificate that names another organization than CUSTOMER_ID."


class OrganizationTests(EnrollmentTestCase):
    """CUSTOMER_ID differs from the organization in the certificates of edges."""

    def found(self) -> list[str]:
        return [each.msg for each in checks.run_checks(databases=["default"]) if each.id == "enrollment.W002"]

    def test_nothing_is_said_while_they_agree(self) -> None:
        self.assertEqual(self.found(), [])
        self.enroll(self.text)
        self.assertEqual(self.found(), [])

    def test_it_counts_the_edges_that_are_to_renew(self) -> None:
        long_ago = now() - timedelta(days=70)
        for _ in range(3):
            self.enroll(self.text, at=long_ago)
        with override_settings(CUSTOMER_ID="another"):
            self.enroll(self.text)
            self.assertEqual(self.found(), [f"3 edges hold {DIFFERENT}"])
            renewing, revoked, _ = IssuedCertificate.objects.select_related("edge__group").order_by("pk")[:3]
            operations.renew(renewing, make_csr(), caller=EDGE)
            operations.revoke_certificate(revoked, reason="unspecified", actor=ACTOR)
            self.assertEqual(self.found(), [f"1 edge holds {DIFFERENT}"])
        # With the setting back: the edge that enrolled and the one that renewed meanwhile.
        self.assertEqual(self.found(), [f"2 edges hold {DIFFERENT}"])

    def test_edges_whose_certificate_expired_do_not_count(self) -> None:
        self.enroll(self.text, at=now() - timedelta(days=91))
        with override_settings(CUSTOMER_ID="another"):
            self.assertEqual(self.found(), [])

    def test_it_reads_names_of_every_length(self) -> None:
        """DER writes the length of a long name in another form."""
        for customer in ("O", "%_", "x" * 64, "ü" * 64):
            with self.subTest(customer), override_settings(CUSTOMER_ID=customer):
                self.enroll(self.text)
                self.assertEqual(self.found(), [])
                operations.revoke_key(self.key.public_id, reason="unspecified", actor=ACTOR)
