"""The pages that add, complete, edit, delete and replace signing certificates."""

from __future__ import annotations

import logging

from cryptography import x509
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection

from enrollment.operations import enroll
from keys.models import ProvisioningKey, SigningCertificate
from portal.models import AuditEvent
from tests.base import PortalTestCase
from tests.factories import EDGE, make_csr, make_key, signing_certificate
from tests.keys import forge
from tests.keys.operations.test_own_authorities import generated, requested
from tests.keys.pages.base import field_errors, names
from tests.support.html import texts, the, words

LIST = "/enrollment-certificates/"


class CertificatePageTestCase(PortalTestCase):
    def setUp(self):
        self.sign_in("ada")

    def post(self, address: str, **fields):
        return self.client.post(f"{LIST}{address}", {"client_type": "NONE", **fields})

    def one(self, name: str) -> SigningCertificate:
        return SigningCertificate.objects.get(name=name)


class AddTest(CertificatePageTestCase):
    def test_a_root_and_an_intermediate_are_generated(self):
        values = {"key_type": "EC P-384", "days": "365"}
        answer = self.post("add/generate/", name="Own root", parent="", **values)
        root = self.one("Own root")
        self.assertRedirects(answer, root.get_absolute_url())
        self.post("add/generate/", name="Own child", parent=str(root.pk), **values)
        self.assertEqual((self.one("Own child").parent, self.one("Own child").created_by), (root, "ada"))

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
        corporate = forge.ca()
        signed = forge.sign(request.content, corporate)
        self.assertEqual(self.client.get(f"{LIST}{address}certificate.pem").status_code, 404)
        answer = self.post(f"{address}upload/", certificates=signed.pem.decode(), certificates_file="")
        self.assertIn("The issuer of “Own CA” is missing", field_errors(answer)["certificates"][0])
        file = SimpleUploadedFile("chain.pem", signed.pem + corporate.pem)
        self.assertEqual(self.post(f"{address}upload/", certificates_file=file).status_code, 302)
        self.assertEqual(self.client.get(f"{LIST}{address}certificate.pem").content, signed.pem)
        self.assertEqual(self.client.get(f"{LIST}{address}request.csr").status_code, 404)
        self.assertEqual(self.post(f"{address}upload/").status_code, 409)

    def test_a_chain_is_pasted_or_chosen(self):
        root = forge.ca()
        own = forge.ca("Edges", root)
        files = {
            "certificates_file": SimpleUploadedFile("chain.pem", own.pem + root.pem),
            "private_key_file": SimpleUploadedFile("key.pem", own.key_pem),
        }
        self.assertEqual(self.post("add/upload/", name="Chosen", **files).status_code, 302)
        self.assertEqual(self.one("Chosen").parent.name, "Corporate Root")
        says = texts(self.client.get(self.one("Chosen").get_absolute_url()), "dd")
        self.assertTrue(any("OpenSSL accepted an edge's certificate below it" in each for each in says), says)
        own = forge.ca("More edges", root)
        pasted = {"certificates": own.pem.decode(), "private_key": own.key_pem.decode()}
        self.assertEqual(self.post("add/upload/", name="Pasted", **pasted).status_code, 302)
        self.assertIsNotNone(self.one("Pasted").sealed_with)

    def test_d09_a_fault_is_told_at_its_field_and_a_file_that_is_no_text_is_one(self):
        own = forge.ca()
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
                own = {"certificates": forge.ca().pem.decode(), name: SimpleUploadedFile("x", b"x" * size)}
                with self.subTest(size=size, name=name):
                    self.assertIn("at most", str(field_errors(self.post("add/upload/", name="x", **own))))


class PrivateKeysStayTest(CertificatePageTestCase):
    """No byte of a private key leaves the portal or stands anywhere in clear."""

    def test_d09_a_private_key_is_in_no_answer_log_event_or_column(self):
        root = forge.ca()
        own = forge.ca("Edges", root)
        text = own.key_pem.decode()
        canaries = [text[60:100].encode(), own.key.private_numbers().private_value.to_bytes(32)]
        answers = []
        with self.assertLogs(level=logging.DEBUG) as logs:
            logging.getLogger().debug("at least one line")
            wrong = {"certificates": forge.ca("Other").pem.decode() + text, "private_key": ""}
            for fields in (wrong, {"certificates": "x", "private_key": text}, {"certificates": text}):
                answers.append(self.post("add/upload/", name="Edges", **fields))
            fields = {"certificates": (own.pem + root.pem).decode(), "private_key": text}
            answers.append(self.post("add/upload/", name="Edges", **fields))
        record = self.one("Edges")
        for address in (LIST, f"{LIST}?expand=all", f"{LIST}{record.pk}/", f"{LIST}{record.pk}/edit/"):
            answers.append(self.client.get(address))
        answers.append(self.client.get(f"{LIST}{record.pk}/certificate.pem"))
        columns = [list(SigningCertificate.objects.values()), list(AuditEvent.objects.values())]
        with connection.cursor() as cursor:
            cursor.execute("SELECT * FROM django_session")
            columns.append(cursor.fetchall())
        dump = repr(columns).encode() + b"".join(
            bytes(row["sealed_private_key"] or b"") for row in SigningCertificate.objects.values()
        )
        for place in (*(each.content for each in answers), "\n".join(logs.output).encode(), dump):
            for canary in canaries:
                self.assertNotIn(canary, place)

    def test_there_is_no_address_of_a_private_key(self):
        record = generated()
        for word in ("private-key", "private_key", "key.pem", "key", "download"):
            self.assertEqual(self.client.get(f"{LIST}{record.pk}/{word}").status_code, 404)
            self.assertEqual(self.client.get(f"{LIST}{record.pk}/{word}/").status_code, 404)


class ChangeTest(CertificatePageTestCase):
    def setUp(self):
        super().setUp()
        self.record = generated("Own")
        self.address = f"{self.record.pk}/"

    def edit(self, **fields):
        return self.post(f"{self.address}edit/", **{"name": "Own", "enabled": "on", "version": "1", **fields})

    def test_it_is_edited_and_disabled(self):
        self.assertRedirects(self.edit(name="Renamed", description="new", enabled=""), f"{LIST}{self.address}")
        self.record.refresh_from_db()
        self.assertEqual((self.record.name, self.record.description, self.record.enabled), ("Renamed", "new", False))

    def test_a_stale_form_is_409_with_both_values(self):
        self.edit(name="First")
        answer = self.edit(name="Second")
        self.assertContains(answer, "Somebody else changed this certificate", status_code=409)
        for text in ("First", "Second"):
            self.assertContains(answer, text, status_code=409)
        self.assertEqual(self.edit(name="Second", version=str(answer.context["stale"].version)).status_code, 302)

    def test_the_vendors_are_read_only(self):
        record = signing_certificate("Client")
        for word in ("edit", "delete", "upload"):
            self.assertEqual(self.client.get(f"{LIST}{record.pk}/{word}/").status_code, 403)
        self.assertNotContains(self.client.get(f"{LIST}{record.pk}/"), "Edit certificate")

    def test_d10_deleting_one_in_use_names_who_uses_it(self):
        make_key("berlin", signing_certificate=self.record)
        answer = self.client.get(f"{LIST}{self.address}delete/")
        for text in ("can't be deleted", "berlin", "Move keys to another certificate"):
            self.assertContains(answer, text)
        answer = self.post(f"{self.address}delete/", confirm_name="Own")
        self.assertContains(answer, "Still in use by berlin (key).", status_code=409)

    def test_an_unused_one_is_deleted_by_its_name(self):
        answer = self.post(f"{self.address}delete/", confirm_name="own")
        self.assertEqual(list(field_errors(answer)), ["confirm_name"])
        self.assertRedirects(self.post(f"{self.address}delete/", confirm_name="Own"), LIST)

    def test_d08_its_keys_move_after_they_were_confirmed(self):
        make_key("one", signing_certificate=self.record)
        other = generated("Other")
        page = self.client.get(f"{LIST}{self.address}replace/")
        self.assertEqual([each.name for each in page.context["others"]], ["Other"])
        make_key("two", signing_certificate=self.record)
        answer = self.post(f"{self.address}replace/", certificate=str(other.pk), confirmed="1")
        self.assertContains(answer, "Now 2 keys would move, not 1.", status_code=409)
        answer = self.post(f"{self.address}replace/", certificate=str(other.pk), confirmed="2")
        self.assertRedirects(answer, f"{LIST}{self.address}")
        self.assertEqual(set(ProvisioningKey.objects.values_list("signing_certificate", flat=True)), {other.pk})

    def test_d08_moving_keys_says_how_many_edges_keep_the_old_root(self):
        _, text = make_key("one", signing_certificate=self.record)
        other = generated("Other")
        enroll(text, make_csr(), caller=EDGE)
        words = "1 edge holds a certificate below the old root and accepts no other: it renews below it"
        self.assertNotContains(self.client.get(f"{LIST}{other.pk}/replace/"), "accepts no other")
        self.assertContains(self.client.get(f"{LIST}{self.address}replace/"), words)
        answer = self.post(f"{self.address}replace/", certificate=str(other.pk), confirmed="1")
        self.assertContains(self.client.get(answer.url), words)
        # Back where they come from nobody is left behind.
        answer = self.post(f"{other.pk}/replace/", certificate=str(self.record.pk), confirmed="1")
        self.assertNotContains(self.client.get(answer.url), "accepts no other")


class ShownTest(CertificatePageTestCase):
    def test_pending_ones_are_shown_and_sort_behind_those_that_end(self):
        signing_certificate()
        record, _ = requested("A pending one")
        page = self.client.get(f"{LIST}?sort=expires")
        self.assertEqual(names(page)[-1], "A pending one")
        self.assertEqual(names(self.client.get(f"{LIST}?sort=-expires"))[0], "A pending one")
        self.assertContains(page, "Certificate pending")
        self.assertContains(self.client.get(f"{LIST}{record.pk}/"), "have its CSR signed by your CA")

    def test_a_pending_one_is_nowhere_else(self):
        record, _ = requested("A pending one")
        self.assertEqual(self.client.get(f"/pki/{record.pk}.crl").status_code, 404)
        self.assertEqual(self.client.get(f"/pki/{record.pk}.cer").status_code, 404)
        self.assertEqual(self.client.get(f"/.well-known/est/{record.pk}/cacerts").status_code, 404)
        self.assertEqual(self.client.get("/.well-known/est/cacerts").status_code, 404)
        self.assertNotContains(self.client.get("/service-edge-keys/add/"), "A pending one")
        self.assertNotContains(self.client.get("/service-edge-keys/?q=x"), "A pending one")

    def test_rows_say_how_many_keys_and_live_certificates_there_are(self):
        record = generated("Own")
        for name in ("one", "two"):
            make_key(name, signing_certificate=record)
        page = self.client.get(f"{LIST}?expand={record.pk}")
        link = the(page, f'tr.details a[href="/service-edge-keys/?cert={record.pk}"]')
        self.assertEqual((words(link), link["aria-label"]), ("2", "Keys that use Own: 2"))
        self.assertContains(self.client.get(record.get_absolute_url()), f'href="/service-edge-keys/?cert={record.pk}"')
        self.assertContains(page, "<dt>Live certificates</dt><dd>0</dd>")

    def test_another_root_than_most_is_warned_of(self):
        signing_certificate()
        record = generated("Own")
        self.assertEqual(texts(self.client.get(LIST), ".badge.warning"), ["Different root"])
        (notice,) = texts(self.client.get(record.get_absolute_url()), ".notice")
        self.assertTrue(notice.startswith("Uses a different root than your other certificates."), notice)
        self.assertEqual(texts(self.client.get(signing_certificate().get_absolute_url()), ".notice"), [])

    def test_viewers_look_and_download_but_change_nothing(self):
        record = generated("Own")
        self.sign_in("vic")
        page = self.client.get(f"{LIST}?expand=all")
        self.assertContains(page, "Download certificate")
        for text in ("Add certificate", "Edit certificate", "Delete certificate", "Replace on keys"):
            self.assertNotContains(page, text)
        pem = self.client.get(f"{LIST}{record.pk}/certificate.pem")
        self.assertEqual(x509.load_pem_x509_certificate(pem.content).serial_number, int(record.serial, 16))
