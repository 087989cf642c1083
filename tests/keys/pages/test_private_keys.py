"""Across modules: no byte of a private key leaves the portal, whichever page or operation it went through."""

from __future__ import annotations

import logging

from django.db import connection

from keys.models import SigningCertificate
from portal.models import AuditEvent
from tests.keys import authorities
from tests.keys.base import generated
from tests.keys.pages.base import CertificatePageTestCase

LIST = "/enrollment-certificates/"


class PrivateKeysStayTest(CertificatePageTestCase):
    """No byte of a private key leaves the portal or stands anywhere in clear."""

    def test_d09_a_private_key_is_in_no_answer_log_event_or_column(self):
        root = authorities.ca()
        own = authorities.ca("Edges", root)
        text = own.key_pem.decode()
        canaries = [text[60:100].encode(), own.key.private_numbers().private_value.to_bytes(32)]
        answers = []
        with self.assertLogs(level=logging.DEBUG) as logs:
            logging.getLogger().debug("at least one line")
            wrong = {"certificates": authorities.ca("Other").pem.decode() + text, "private_key": ""}
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
