"""A CSR is judged once, whether the attempt is admitted or refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any
from unittest import mock

from django.db import transaction

from enrollment import operations
from enrollment.errors import Refused
from enrollment.models import IssuedCertificate
from enrollment.operations import issuers
from enrollment.pki import csr
from keys.models import ProvisioningKey, SigningCertificate
from tests.enrollment.base import EnrollmentTestCase
from tests.enrollment.operations.test_renewing import RenewalTestCase
from tests.factories import EDGE, make_csr, make_key


@contextmanager
def judging() -> Iterator[mock.Mock]:
    with mock.patch.object(csr, "judge", wraps=csr.judge) as judge:
        yield judge


class EnrollingTests(EnrollmentTestCase):
    def test_it_is_judged_once_whether_admitted_repeated_or_refused(self) -> None:
        known, _ = make_csr(), self.enroll(self.text, first := make_csr())
        _, other = make_key("Other")
        self.enroll(other, known)
        key = ProvisioningKey.objects.filter(pk=self.key.pk)
        issuer = SigningCertificate.objects.filter(pk=self.key.signing_certificate_id)
        cases: list[tuple[str, str, Callable[[], Any]]] = [
            ("", make_csr(), list),
            ("", first, list),
            ("", first, lambda: key.update(uses=5)),
            ("csr_malformed", "no request", list),
            ("key_exhausted", "no request", lambda: key.update(uses=5)),
            ("key_exhausted", make_csr(), lambda: key.update(uses=5)),
            ("key_disabled", make_csr(), lambda: key.update(enabled=False)),
            ("public_key_in_use", known, list),
            ("signer_unavailable", make_csr(), lambda: issuer.update(sealed_private_key=b"broken")),
            ("signer_unavailable", "no request", lambda: key.update(pepper_id="another")),
        ]
        for code, sent, change in cases:
            with self.subTest(code), transaction.atomic(), judging() as judge:
                issuers.forget_all()
                change()
                self.assertEqual(self.refusal(self.text, sent), code)
                # Without its pepper no secret can be verified, and nothing else is checked.
                self.assertEqual(judge.call_count, 0 if change is cases[-1][2] else 1)
                transaction.set_rollback(True)


class RenewingTests(RenewalTestCase):
    def test_it_is_judged_once(self) -> None:
        sent = make_csr()
        for code, request in (("", sent), ("", sent), ("certificate_superseded", make_csr()), ("csr_malformed", "no")):
            with self.subTest(code), judging() as judge:
                found = ""
                try:
                    operations.renew(self.row(self.first.certificate), request, caller=EDGE)
                except Refused as refused:
                    found = refused.code
                self.assertEqual((found, judge.call_count), (code, 1))

    def test_it_is_not_judged_when_the_edge_may_not_renew(self) -> None:
        IssuedCertificate.objects.update(revoked_at=self.first.not_before, revocation_reason="unspecified")
        with judging() as judge, suppress(Refused):
            operations.renew(self.row(self.first.certificate), make_csr(), caller=EDGE)
        self.assertEqual(judge.call_count, 0)
