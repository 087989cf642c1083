"""The pages that add a signing certificate: generated, uploaded, or requested and completed."""

from __future__ import annotations

from django.core.files.uploadedfile import SimpleUploadedFile

from keys.models import SigningCertificate
from tests.factories import signing_certificate
from tests.keys import authorities
from tests.keys.base import generated, requested
from tests.keys.pages.base import CertificatePageTestCase, field_errors
from tests.support.html import texts, the

LIST = "/enrollment-certificates/"


class AddTest(CertificatePageTestCase):
    def test_a_root_and_an_intermediate_are_generated(self):
        values = {"key_type": "EC P-384", "days": "365"}
        answer = self.post("add/generate/", name="Own root", parent="", **values)
        root = self.one("Own root")
        self.assertRedirects(answer, root.get_absolute_url())
        self.post("add/generate/", name="Own child", parent=str(root.pk), **values)
        self.assertEqual((self.one("Own child").parent, self.one("Own child").created_by), (root, "ada"))

    def test_a_root_is_a_choice_of_its_own_and_the_usual_parent_is_preselected(self):
        root = signing_certificate("Root")
        generated("An own root")
        page = self.client.get(f"{LIST}add/generate/")
        self.assertEqual(the(page, "[name=kind][checked]")["value"], "intermediate")
        self.assertEqual(the(page, "[name=parent] option[selected]")["value"], str(root.pk))
        self.assertIn("only with connectors and clients below it", texts(page, "[name=kind][value=root] + span")[0])
        values = {"key_type": "EC P-256", "days": "9", "parent": str(root.pk)}
        self.post("add/generate/", **values, name="A root", kind="root")
        self.assertIsNone(self.one("A root").parent)
        self.post("add/generate/", **{**values, "parent": "99999"}, name="A root too", kind="root")
        self.assertIsNone(self.one("A root too").parent)
        self.post("add/generate/", **values, name="A child", kind="intermediate")
        self.assertEqual(self.one("A child").parent, root)
        for fields, wrong in (({"kind": "intermediate", "parent": ""}, "parent"), ({"kind": "x"}, "kind")):
            answer = self.post("add/generate/", **{**values, "name": "No", **fields})
            self.assertEqual(list(field_errors(answer)), [wrong])

    def test_without_a_possible_parent_a_root_is_preselected(self):
        page = self.client.get(f"{LIST}add/generate/")
        self.assertEqual(the(page, "[name=kind][checked]")["value"], "root")

    def test_only_certificates_that_may_sign_a_ca_are_offered_as_parents(self):
        root = signing_certificate("Root")
        generated("Own root")
        requested("Own pending")
        page = self.client.get(f"{LIST}add/generate/")
        offered = [each.name for each in page.context["form"].fields["parent"].queryset]
        self.assertEqual(offered, ["Own root", "Root"])
        child = signing_certificate("Client")
        answer = self.post("add/generate/", name="x", parent=str(child.pk), key_type="EC P-256", days="9")
        self.assertIn("Choose a parent", field_errors(answer)["parent"][0])
        self.assertEqual(root.children.count(), 3)

    def test_bad_values_are_explained_at_their_fields(self):
        for fields, wrong in (
            ({"name": "ä" * 33}, "name"),
            ({"name": "a/b"}, "name"),
            ({"name": ""}, "name"),
            ({"days": "0"}, "days"),
            ({"days": "10951"}, "days"),
            ({"key_type": "RSA 1024"}, "key_type"),
            ({"parent": "99999"}, "parent"),
            ({"parent": "x" * 30}, "parent"),
        ):
            with self.subTest(fields=fields):
                answer = self.post("add/generate/", **{"name": "x", "key_type": "EC P-256", "days": "9", **fields})
                self.assertEqual((answer.status_code, list(field_errors(answer))), (200, [wrong]))
        self.assertFalse(SigningCertificate.objects.exists())

    def test_a_request_is_made_downloaded_signed_and_uploaded(self):
        self.post("add/request/", name="Own CA", key_type="EC P-256")
        address = f"{self.one('Own CA').pk}/"
        request = self.client.get(f"{LIST}{address}request.csr")
        self.assertEqual(request["Content-Disposition"], 'attachment; filename="own-ca.csr"')
        corporate = authorities.ca()
        signed = authorities.sign(request.content, corporate)
        self.assertEqual(self.client.get(f"{LIST}{address}certificate.pem").status_code, 404)
        answer = self.post(f"{address}upload/", certificates=signed.pem.decode(), certificates_file="")
        self.assertIn("The issuer of “Own CA” is missing", field_errors(answer)["certificates"][0])
        file = SimpleUploadedFile("chain.pem", signed.pem + corporate.pem)
        self.assertEqual(self.post(f"{address}upload/", certificates_file=file).status_code, 302)
        self.assertEqual(self.client.get(f"{LIST}{address}certificate.pem").content, signed.pem)
        self.assertEqual(self.client.get(f"{LIST}{address}request.csr").status_code, 404)
        self.assertEqual(self.post(f"{address}upload/").status_code, 409)

    def test_a_chain_is_pasted_or_chosen(self):
        root = authorities.ca()
        own = authorities.ca("Edges", root)
        files = {
            "certificates_file": SimpleUploadedFile("chain.pem", own.pem + root.pem),
            "private_key_file": SimpleUploadedFile("key.pem", own.key_pem),
        }
        self.assertEqual(self.post("add/upload/", name="Chosen", **files).status_code, 302)
        self.assertEqual(self.one("Chosen").parent.name, "Corporate Root")
        (verdict,) = texts(self.client.get(self.one("Chosen").get_absolute_url()), ".verdict")
        self.assertIn("Yes OpenSSL accepted an edge's certificate below it", verdict)
        own = authorities.ca("More edges", root)
        pasted = {"certificates": own.pem.decode(), "private_key": own.key_pem.decode()}
        self.assertEqual(self.post("add/upload/", name="Pasted", **pasted).status_code, 302)
        self.assertIsNotNone(self.one("Pasted").sealed_with)

    def test_d09_a_fault_is_told_at_its_field_and_a_file_that_is_no_text_is_one(self):
        own = authorities.ca()
        for fields, wrong in (
            ({"certificates": own.pem.decode(), "private_key": own.encrypted().decode()}, "private_key"),
            ({"certificates": "nonsense"}, "certificates"),
            ({"certificates_file": SimpleUploadedFile("x", bytes(range(256)) * 9)}, "certificates"),
            ({"certificates_file": SimpleUploadedFile("x", b"\0" * 3_000_000)}, "certificates"),
            ({"certificates_file": SimpleUploadedFile("x", b"")}, "certificates"),
            ({}, "certificates"),
        ):
            answer = self.post("add/upload/", name="x", **fields)
            self.assertEqual((answer.status_code, list(field_errors(answer))), (200, [wrong]))

    def test_d09_a_file_of_any_size_is_called_too_large(self):
        for size in (70_000, 300_000, 3_000_000):
            for name in ("certificates_file", "private_key_file"):
                own = {"certificates": authorities.ca().pem.decode(), name: SimpleUploadedFile("x", b"x" * size)}
                with self.subTest(size=size, name=name):
                    self.assertIn("at most", str(field_errors(self.post("add/upload/", name="x", **own))))
