"""Across modules: docs/certificates.md, typed as printed there, with the openssl of the machine.

What it makes is accepted; the same with one step spoiled is refused.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from keys import errors, operations
from keys.models import SigningCertificate
from tests.base import PortalTestCase
from tests.factories import ACTOR
from tests.support.live import ROOT


def blocks() -> list[str]:
    return re.findall(r"```sh\n(.*?)```", (ROOT / "docs/certificates.md").read_text(), re.DOTALL)


def test_every_refusal_is_listed_and_exists() -> None:
    chapter = (ROOT / "docs/certificates.md").read_text().partition("## What is refused\n")[2].partition("\n## ")[0]
    codes = re.findall(r"`([a-z0-9]+(?:_[a-z0-9]+)*)`", chapter)
    assert sorted(codes) == sorted(errors.CERTIFICATE_FAULTS)


@pytest.mark.once
class RecipeTest(PortalTestCase):
    def setUp(self) -> None:
        self.directory = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.root, self.sign, self.edges, self.decrypt = blocks()

    def shell(self, script: str) -> None:
        environment = {"PATH": "/usr/local/bin:/usr/bin:/bin"}
        options = {"cwd": self.directory, "env": environment, "capture_output": True, "timeout": 60}
        result = subprocess.run(["sh", "-euc", script], **options)
        self.assertEqual(result.returncode, 0, result.stderr)

    def read(self, name: str) -> bytes:
        return (self.directory / name).read_bytes()

    def request(self) -> SigningCertificate:
        record = SigningCertificate(name="Own")
        operations.request_certificate(record, key_type="EC P-256", actor=ACTOR)
        request = x509.load_der_x509_csr(bytes(record.request))
        (self.directory / "request.csr").write_bytes(request.public_bytes(Encoding.PEM))
        return record

    def upload(self, chain: str, key: str = "") -> SigningCertificate:
        record = SigningCertificate(name="Uploaded")
        operations.upload_chain(record, self.read(chain), private_key_pem=self.read(key) if key else b"", actor=ACTOR)
        return record

    def test_a_request_signed_with_openssl_is_taken(self) -> None:
        record = self.request()
        self.shell(self.root + self.sign)
        operations.complete_certificate(record, self.read("chain.pem"), actor=ACTOR)
        record.refresh_from_db()
        self.assertEqual((record.enabled, record.parent.name), (True, "Example Root"))

    def test_a_chain_with_its_key_made_with_openssl_is_taken(self) -> None:
        self.request()
        self.shell(self.root + self.sign + self.edges + self.decrypt)
        with self.assertRaises(errors.BadCertificate) as refused:
            self.upload("edges-chain.pem", "edges-encrypted.key")
        self.assertEqual(refused.exception.code, "key_encrypted")
        self.assertEqual(self.upload("edges-chain.pem", "edges-decrypted.key").parent.name, "Example Root")

    def test_d09_what_openssl_spoils_is_refused(self) -> None:
        self.request()
        self.shell(self.root + self.sign + self.edges)
        sign = "openssl x509 -req -in edges.csr -CA root.pem -CAkey root.key -CAcreateserial -out bad.pem"
        no_identifier = "sed /subjectKey/d ca.ext > e; echo 'subjectKeyIdentifier = none' >> e"
        traditional = "openssl rsa -aes128 -passout pass:example -traditional"
        self.shell("openssl genrsa -out root.key.not 3072 2>/dev/null")
        self.shell(f"{traditional} -in root.key.not -out old.key")
        for code, script, key in (
            ("not_a_ca", f"{sign} -days 9", "edges.key"),
            ("not_a_ca", f"echo basicConstraints=critical,CA:FALSE > e; {sign} -days 9 -extfile e", "edges.key"),
            ("cannot_sign_certificates", f"sed s/keyCertSign,// ca.ext > e; {sign} -days 9 -extfile e", "edges.key"),
            ("key_identifier_missing", f"{no_identifier}; {sign} -days 9 -extfile e", "edges.key"),
            ("weak_signature", f"{sign} -days 9 -sha1 -extfile ca.ext", "edges.key"),
            ("certificate_expired", f"{sign} -days -1 -extfile ca.ext", "edges.key"),
            ("wrong_key", f"{sign} -days 9 -extfile ca.ext", "root.key.not"),
            ("key_encrypted", f"{sign} -days 9 -extfile ca.ext", "old.key"),
            ("chain_incomplete", "openssl x509 -in edges.pem -outform DER -out bad.pem", ""),
        ):  # fmt: skip
            with self.subTest(code=code, script=script):
                self.shell(script)
                root = b"" if code == "chain_incomplete" else self.read("root.pem")
                (self.directory / "given.pem").write_bytes(self.read("bad.pem") + root)
                with self.assertRaises(errors.BadCertificate) as refused:
                    self.upload("given.pem", key)
                self.assertEqual(refused.exception.code, code)

    def test_d09_weak_keys_of_openssl_are_refused(self) -> None:
        strong = "openssl ecparam -name secp384r1 -genkey -noout -out root.key"
        self.assertIn(strong, self.root)
        for make in ("genrsa -out root.key 2048", "ecparam -name secp256k1 -genkey -noout -out root.key"):
            self.shell(self.root.replace(strong, f"openssl {make} 2>/dev/null"))
            with self.subTest(make=make), self.assertRaises(errors.BadCertificate) as refused:
                self.upload("root.pem", "root.key")
            self.assertEqual(refused.exception.code, "weak_key")
