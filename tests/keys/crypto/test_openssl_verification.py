"""Every accepted CA verifies with the real openssl, normally and strictly; every refusal names its reason."""

from __future__ import annotations

import subprocess
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from enrollment import trial_certificate, verifying
from enrollment.edge.verification import require_path
from enrollment.operations import enroll
from keys import errors, operations
from keys.crypto import authority_rules, openssl_verification
from keys.crypto.ca_certificates import Authority
from keys.models import SigningCertificate
from tests import factories
from tests.base import PortalTestCase
from tests.factories import ACTOR
from tests.keys import authorities, ca_examples
from tests.keys.ca_examples import Example


def openssl_accepts(leaf: x509.Certificate, chain: tuple[authorities.CA, ...], *options: str) -> bool:
    """The output of openssl for a client's certificate below a chain."""
    with tempfile.TemporaryDirectory() as place:
        files = {"leaf": leaf.public_bytes(Encoding.PEM), "root": chain[-1].pem}
        files["between"] = b"".join(each.pem for each in chain[:-1]) or chain[-1].pem
        for name, content in files.items():
            (Path(place) / name).write_bytes(content)
        command = ["openssl", "verify", *options, "-purpose", "sslclient", "-CAfile", "root", "-untrusted", "between"]
        return subprocess.run([*command, "leaf"], cwd=place, capture_output=True, timeout=60).returncode == 0


class SpecimenTest(PortalTestCase):
    def upload(self, made: Example) -> str:
        """The code of the refusal, or ""."""
        text = b"".join(each.pem for each in made.chain)
        try:
            operations.upload_chain(
                SigningCertificate(name="Uploaded"), text, private_key_pem=made.chain[0].key_pem, actor=ACTOR
            )
        except errors.BadCertificate as refused:
            return refused.code
        finally:
            SigningCertificate.objects.update(parent=None)
            SigningCertificate.objects.all().delete()
        return ""

    def check(self, made: Example) -> None:
        self.assertEqual(self.upload(made), made.code)
        now = datetime.now(UTC)
        own, *above = made.chain
        authority = Authority(own.certificate, own.key)
        found = openssl_verification.fault(authority, [each.certificate for each in above], now)
        try:
            leaf, _ = trial_certificate.make(authority, now)
        except ValueError:
            self.assertTrue(made.code)
            self.assertEqual(found and found.code, "unsignable")
            return
        options: tuple[tuple[str, ...], ...] = ((), ("-x509_strict", "-policy_check"))
        accepted = all(openssl_accepts(leaf, made.chain, *each) for each in options)
        self.assertEqual(accepted, not made.code or made.verifies)
        if made.code != "weak_signature":  # a security level, which `openssl verify` does not have by default
            self.assertEqual(found is None, accepted, found)

    @pytest.mark.once
    def test_what_cryptography_makes(self) -> None:
        for made in ca_examples.made_with_cryptography():
            with self.subTest(made.name):
                self.check(made)

    @pytest.mark.once
    def test_what_only_openssl_makes(self) -> None:
        for made in ca_examples.made_with_openssl():
            with self.subTest(made.name):
                self.check(made)


class OldRootTest(PortalTestCase):
    @pytest.mark.once
    def test_below_a_root_with_a_broken_hash_edges_enroll_and_check_what_they_get(self) -> None:
        root = ca_examples.openssl_root(ca_examples.P256, "-sha1")
        own, record = authorities.ca("Own", root), SigningCertificate(name="Own")
        operations.upload_chain(record, own.pem + root.pem, private_key_pem=own.key_pem, actor=ACTOR)
        _, text = factories.make_key("berlin", signing_certificate=record)
        enrolled = enroll(text, factories.make_csr(), caller=factories.EDGE)
        path = [enrolled.certificate, *enrolled.chain, enrolled.trust_anchor]
        require_path([x509.load_pem_x509_certificate(each.encode()) for each in path], datetime.now(UTC))
        since = datetime.now(UTC) - timedelta(days=1)
        self.assertEqual([str(each) for each in verifying.verify(since, verifying.Tally())], [])


class HandshakeTest(PortalTestCase):
    """The check by OpenSSL finds without the rules what the rules name (above)."""

    def test_a_kind_that_no_rule_names_is_refused_with_what_openssl_says(self) -> None:
        root = authorities.ca()
        twice = x509.PolicyInformation(ca_examples.ANY, None)
        own = authorities.ca("Odd", root, more=((x509.CertificatePolicies([twice, twice]), False),))
        authority_rules.judge_chain([own.certificate, root.certificate], datetime.now(UTC), signs=True)
        with self.assertRaisesMessage(errors.BadCertificate, "OpenSSL refuses a test certificate below “Odd”"):
            openssl_verification.require_verifiable(
                Authority(own.certificate, own.key), [root.certificate], datetime.now(UTC)
            )
        self.assertFalse(SigningCertificate.objects.exists())
