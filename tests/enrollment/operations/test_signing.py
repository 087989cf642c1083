"""An unreadable certificate above the issuer is answered with a 503, not with an error."""

from __future__ import annotations

from enrollment import operations
from enrollment.errors import Refused
from enrollment.operations import issuers
from keys.models import SigningCertificate
from portal import triggers
from tests.enrollment.operations.test_renewal_roots import make_other_root, move
from tests.enrollment.operations.test_renewing import RenewalTestCase
from tests.factories import EDGE, make_csr


class DamagedRootTests(RenewalTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.csr = make_csr()
        move(self.key, make_other_root())
        self.enroll(self.text, self.csr)
        operations.renew(self.row(self.first.certificate), self.csr_of_renewal, caller=EDGE)
        SigningCertificate.objects.filter(name="Other Root").update(der=b"\x30\x00")

    csr_of_renewal = make_csr()

    def test_neither_a_new_answer_nor_a_repeated_one_is_given(self) -> None:
        for loaded, sent in ((True, self.csr), (False, self.csr), (False, make_csr())):
            with self.subTest(loaded), self.assertLogs("enrollment.operations.signing", "ERROR"):
                if not loaded:
                    issuers.forget_all()
                self.assert_refused("signer_unavailable", self.text, sent)

    def test_nor_is_a_renewal_below_it(self) -> None:
        # That of the edge is sound, so the damaged one does not matter.
        renewed = operations.renew(self.row(self.first.certificate), self.csr_of_renewal, caller=EDGE)
        self.assertTrue(renewed.replayed)
        triggers.drop_all()
        SigningCertificate.objects.filter(name="Root").update(der=b"\x30\x00")
        with self.assertLogs("enrollment.operations.signing", "ERROR"), self.assertRaises(Refused) as refused:
            operations.renew(self.row(self.first.certificate), self.csr_of_renewal, caller=EDGE)
        self.assertEqual(refused.exception.code, "signer_unavailable")
