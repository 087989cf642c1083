"""Across modules: what OpenSSL verifies is accepted, or refused for a stated reason; anything else is refused.

The examples pass through all modules that read a CSR.
"""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from django.test import SimpleTestCase

from enrollment.errors import LONGEST_FAULT, Refused
from enrollment.pki import csr
from tests.enrollment.csr_examples import all_examples
from tests.enrollment.csr_examples.parts import Example

# The portal reads these, although `openssl req` does not.
_READ_MORE = {"indented", "headers"}
# The sections of OpenSSL's own configuration file, as in Debian, and the extensions that they request.
_SECTIONS = {
    "v3_req": ("basicConstraints = CA:FALSE\nkeyUsage = nonRepudiation, digitalSignature, keyEncipherment", ""),
    "usr_cert": ("basicConstraints=CA:FALSE\nsubjectKeyIdentifier=hash\nnsComment=x\nnsCertType=client", ""),
    "proxy_cert_ext": ("basicConstraints=CA:FALSE\nproxyCertInfo=critical,language:id-ppl-anyLanguage,pathlen:3", ""),
    "server": ("extendedKeyUsage=serverAuth\nsubjectAltName=DNS:a.example,IP:192.0.2.1,email:a@b.example", ""),
    "agreement": ("keyUsage=critical,keyAgreement\nsubjectKeyIdentifier=hash\ntlsfeature=status_request", ""),
    "v3_ca": ("basicConstraints = critical,CA:true", "basicConstraints CA:TRUE"),
    "crl": ("keyUsage = cRLSign, keyCertSign", "keyUsage keyCertSign and cRLSign"),
}


def _verified(text: str) -> bool:
    command = ["openssl", "req", "-verify", "-noout"]
    return subprocess.run(command, input=text.encode(), capture_output=True).returncode == 0


class OpenSSLTests(SimpleTestCase):
    def judged(self, text: str) -> tuple[str, str, tuple[str, ...]]:
        try:
            return "", "", csr.judge(text, 2048).ignored_extensions
        except Refused as refused:
            return refused.code, refused.fault, ()

    def check(self, odd: Example) -> None:
        code, fault, ignored = self.judged(odd.text)
        self.assertEqual((code, ignored), (odd.code, odd.ignored), fault)
        self.assertIn(odd.says, fault)
        self.assertTrue(fault.isascii() and fault.isprintable() and len(fault) <= LONGEST_FAULT, fault)
        self.assertEqual(bool(fault), bool(code))

    def test_each_odd_request_is_accepted_or_refused_for_its_reason_in_words(self) -> None:
        for odd in all_examples():
            with self.subTest(odd.name):
                self.check(odd)

    def test_what_is_accepted_here_openssl_verifies_too(self) -> None:
        verified = {odd.name for odd in all_examples() if _verified(odd.text)}
        accepted = {odd.name for odd in all_examples() if not odd.code}
        self.assertEqual(accepted - verified, _READ_MORE)
        # OpenSSL verifies these, but they are refused: for their extensions, or because they are ambiguous.
        self.assertGreater(len(verified - accepted), 20)

    def test_stock_openssl_with_each_section_is_accepted_but_for_a_ca(self) -> None:
        with tempfile.TemporaryDirectory() as directory:
            config = Path(directory) / "openssl.cnf"
            sections = "".join(f"[ {name} ]\n{lines}\n" for name, (lines, _) in _SECTIONS.items())
            config.write_text(f"[ req ]\ndistinguished_name = dn\nattributes = asked\n[ dn ]\n[ asked ]\n{sections}")
            for name, (lines, says) in _SECTIONS.items():
                command = ["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
                command += ["-keyout", f"{directory}/key.pem", "-subj", "/CN=edge", "-config", str(config)]
                command += ["-reqexts", name]
                made = subprocess.run(command, check=True, capture_output=True, text=True).stdout
                code, fault, ignored = self.judged(made)
                with self.subTest(name):
                    self.assertEqual(code, "csr_extension_not_allowed" if says else "", fault)
                    self.assertIn(says, fault)
                    self.assertEqual(len(ignored), 0 if says else len(lines.splitlines()))
