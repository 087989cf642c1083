"""What a form of certificates shows again after an error: what is public, and nothing of what is not."""

from __future__ import annotations

from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, pkcs7, pkcs12
from django.core.files.uploadedfile import SimpleUploadedFile

from keys.models import SigningCertificate
from tests.base import PortalTestCase
from tests.keys import authorities
from tests.keys.base import requested
from tests.keys.pages.base import field_errors
from tests.support.html import the

ADD = "/enrollment-certificates/add/upload/"
PASSWORD = "geheim-7391"


class KeptTest(PortalTestCase):
    def setUp(self) -> None:
        self.root = authorities.ca()
        self.own = authorities.ca("Edges", self.root)
        self.chain = self.own.pem + self.root.pem
        self.sign_in("ada")

    def post(self, address: str = ADD, **fields):
        return self.client.post(address, {"client_type": "NONE", "name": "Edges", **fields})

    def kept(self, answer) -> str:
        """What the field holds in the browser."""
        # Browsers drop a line break at the start of a field.
        shown = the(answer, "textarea[name=certificates]").get_text().replace("\r\n", "\n")
        return shown.removeprefix("\n")

    def assert_secret(self, answer, *more: str) -> None:
        lines = self.own.key_pem.decode().splitlines()[1:-1] + list(more)
        for line in lines:
            self.assertNotContains(answer, line)

    def test_pasted_certificates_stay_when_another_field_is_wrong(self) -> None:
        answer = self.post(name="a/b", certificates=self.chain.decode(), private_key=self.own.key_pem.decode())
        self.assertEqual(list(field_errors(answer)), ["name"])
        self.assertEqual(self.kept(answer).encode(), self.chain)
        self.assertContains(answer, self.own.pem.decode().splitlines()[1])
        self.assertContains(answer, "For security, paste or choose the private key again.")
        self.assert_secret(answer)

    def test_those_of_a_file_are_shown_as_text_and_can_be_sent_as_they_are(self) -> None:
        file = SimpleUploadedFile("chain.pem", self.chain)
        answer = self.post(certificates_file=file, private_key=authorities.ca().key_pem.decode())
        self.assertEqual(list(field_errors(answer)), ["private_key"])
        again = self.post(certificates=self.kept(answer), private_key=self.own.key_pem.decode())
        self.assertEqual(again.status_code, 302)
        self.assertIsNotNone(SigningCertificate.objects.get(name="Edges").sealed_with)

    def test_of_a_private_key_beside_them_nothing_is_shown(self) -> None:
        pasted = b"my notes: hunter2\n" + self.own.key_pem + self.chain + self.own.key_pem[:90]
        file = SimpleUploadedFile("x.p7b", pkcs7.serialize_certificates([self.root.certificate], Encoding.DER))
        answer = self.post(name="", certificates=pasted.decode(), certificates_file=file)
        self.assertEqual(set(self.kept(answer).split("-----END CERTIFICATE-----\n")[:-1]), {
            each.pem.decode().split("-----END")[0] for each in (self.own, self.root)
        })  # fmt: skip
        self.assert_secret(answer, "hunter2")

    def test_a_pfx_and_its_password_are_asked_again(self) -> None:
        encryption = BestAvailableEncryption(PASSWORD.encode())
        store = pkcs12.serialize_key_and_certificates(
            b"x", self.own.key, self.own.certificate, [self.root.certificate], encryption
        )
        answer = self.post(name="", certificates_file=SimpleUploadedFile("x.pfx", store), password=PASSWORD)
        self.assertEqual(self.kept(answer), "")
        self.assert_secret(answer, PASSWORD)
        for password, code in (("", "protected by a password"), ("wrong", "does not open the file")):
            answer = self.post(certificates_file=SimpleUploadedFile("x.pfx", store), password=password)
            self.assertIn(code, field_errors(answer)["password"][0])
        answer = self.post(certificates_file=SimpleUploadedFile("x.pfx", store), password=PASSWORD)
        self.assertEqual(answer.status_code, 302)

    def test_the_form_of_a_signed_request_keeps_them_too(self) -> None:
        record, request = requested("Own CA")
        signed = authorities.sign(request, self.root)
        answer = self.post(f"/enrollment-certificates/{record.pk}/upload/", certificates=signed.pem.decode())
        self.assertIn("The issuer of “Own CA” is missing", field_errors(answer)["certificates"][0])
        self.assertEqual(self.kept(answer).encode(), signed.pem)

    def test_what_was_left_out_is_named(self) -> None:
        old = authorities.ca("Corporate Root", key=self.root.key, days=(-99, -1))
        pasted = (self.own.pem + old.pem + self.root.pem).decode()
        answer = self.client.post(
            ADD,
            {"client_type": "NONE", "name": "Edges", "certificates": pasted, "private_key": self.own.key_pem.decode()},
            follow=True,
        )
        serial = f"{old.certificate.serial_number:X}"
        self.assertContains(answer, "Left out, because the chain does not need it: “Corporate Root” (serial ")
        self.assertIn(serial[-8:], answer.content.decode().replace(":", ""))
