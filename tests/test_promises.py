"""The six promises of the product, one test each. The abuse cases behind them are in tests/enrollment."""

from __future__ import annotations

import base64
import json
import os
import secrets
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterable
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import connection

from keys.crypto import ca_certificates, keyring, tokens
from keys.models import ProvisioningKey, SigningCertificate
from keys.operations import edit_key
from keys.operations.signing_certificates import authority_of
from tests.base import SecureClient
from tests.enrollment import raw_csr
from tests.enrollment.base import EnrollmentTestCase, make_issuer
from tests.enrollment.concurrent_requests import Answer, post, post_all
from tests.enrollment.live import LiveTestCase, body
from tests.factories import ACTOR, make_csr, make_key, make_managed, make_private_key
from tests.support.live import LivePortal


class LivePromiseTests(LiveTestCase):
    """Kept by a real portal with several workers, whatever happens to it."""

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.portal = cls.enterClassContext(LivePortal(workers=2))

    def test_promise_1_a_key_with_n_uses_left_never_yields_n_plus_1_identities(self) -> None:
        text = self.make_key("Seven", 7)
        answers = post_all(self.portal.url, [body(text) for _ in range(40)], processes=2)
        self.assertEqual(Counter(answer.outcome for answer in answers), {"201": 7, "403 key_exhausted": 33})
        self.assertEqual(self.books("Seven"), (7, 7, 7, 7, 7))

    def test_promise_2_an_enrollment_the_edge_was_told_about_is_never_lost(self) -> None:
        """Master and workers are killed in the middle of a rush; then every edge asks again."""
        text = self.make_key("Killed", 500)
        bodies = [body(text) for _ in range(100)]
        answers: list[Answer] = []
        rush = threading.Thread(target=lambda: answers.extend(post_all(self.portal.url, bodies, processes=2)))
        rush.start()
        self.kill_when_used("Killed", at_least=3)
        rush.join()
        self.portal.restart()
        outcomes = Counter(answer.outcome for answer in answers)
        self.assertTrue(outcomes["201"] >= 1 and outcomes["0"] >= 1, f"the kill came at the wrong moment: {outcomes}")
        uses, *rest = self.books("Killed")
        self.assertEqual(set(rest), {uses})
        self.assertLessEqual(outcomes["201"], uses)
        again = [post(self.portal.url, request) for request in bodies]
        for answer, (status, document) in zip(answers, again, strict=True):
            self.assertIn(status, {200} if answer.status == 201 else {200, 201})
            if answer.status == 201:
                self.assertEqual(document, answer.document)
        self.assertEqual(self.books("Killed"), (100, 100, 100, 100, 100))

    def kill_when_used(self, name: str, at_least: int) -> None:
        master = self.portal.process.pid
        workers = subprocess.run(["pgrep", "-P", str(master)], capture_output=True, text=True).stdout.split()
        deadline = time.monotonic() + 30
        while self.books(name)[0] < at_least and time.monotonic() < deadline:
            time.sleep(0.005)
        for pid in (master, *map(int, workers)):
            os.kill(pid, signal.SIGKILL)
        self.portal.process.wait()

    def test_promise_4_neither_the_database_file_nor_the_log_holds_a_key(self) -> None:
        text = self.make_key("Written", 3)
        post(self.portal.url, body(text))
        post(self.portal.url, body(text, "not a request"))
        secret = tokens.read(text, {"api.private.example.com"}).secret
        for name in ("portal.sqlite3", "log"):
            content = (self.portal.state_dir / name).read_bytes()
            self.assertEqual([trace for trace in traces(secret) if trace in content], [], name)

    def test_promise_5_no_certificate_leaves_without_its_row_and_its_event(self) -> None:
        """At the moment of each answer another connection sees both; without them there is none (see test_faults)."""
        text = self.make_key("Booked", 5)
        for number in range(1, 4):
            status, document = post(self.portal.url, body(text))
            sent = base64.b64decode("".join(document["certificate"].splitlines()[1:-1]))
            stored = self.value(
                "SELECT der, serial, detail FROM enrollment_issuedcertificate c JOIN enrollment_serviceedge e "
                "ON e.id = c.edge_id JOIN portal_auditevent a ON a.action = 'edge.enrolled' AND a.object_name = e.name "
                f"WHERE e.name = 'Booked-{number}'"
            )
            self.assertEqual((status, bytes(stored[0])), (201, sent))
            self.assertEqual(json.loads(stored[2])["serial"], stored[1])


class PromiseTests(EnrollmentTestCase):
    def test_promise_3_a_lost_answer_can_be_retried_at_no_second_use(self) -> None:
        _, text = make_key("Once", max_uses=1)
        private_key = make_private_key()
        lost = self.post(text, make_csr(private_key))
        key = ProvisioningKey.objects.get(name="Once")
        for csr in (make_csr(private_key), make_csr(private_key, subject="after a reboot")):
            again = self.post(text, csr)
            self.assertEqual((lost.status_code, again.status_code), (201, 200))
            self.assertEqual(again.content, lost.content)
        self.assertEqual(self.uses(key), 1)
        self.assert_problem(self.post(text), "key_exhausted")

    def test_promise_6_whatever_the_request_asks_for_the_portal_decides_the_identity(self) -> None:
        wishes = raw_csr.sequence(
            raw_csr.set_of(raw_csr.sequence(raw_csr.oid("2.5.4.10"), raw_csr.tlv(0x0C, b"Another customer"))),
            raw_csr.set_of(raw_csr.sequence(raw_csr.oid("2.5.4.3"), raw_csr.tlv(0x0C, b"admin"))),
        )
        private_key = make_private_key()
        wanted = raw_csr.extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]))
        names = raw_csr.extension(x509.SubjectAlternativeName([x509.DNSName("admin.example")]))
        attribute = raw_csr.attribute(raw_csr.EXTENSION_REQUEST, raw_csr.extensions(wanted, names))
        enrolled = self.enroll(self.text, raw_csr.request(private_key, attribute, subject=wishes))
        self.assertEqual(enrolled.ignored_extensions, ("extendedKeyUsage", "subjectAltName"))
        certificate = x509.load_pem_x509_certificate(enrolled.certificate.encode())
        values = {type(extension.value): extension.value for extension in certificate.extensions}
        (common_name,) = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        (organization,) = certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
        self.assertEqual((common_name.value, organization.value), (str(enrolled.edge_uuid), settings.CUSTOMER_ID))
        self.assertEqual(list(values[x509.ExtendedKeyUsage]), [ExtendedKeyUsageOID.CLIENT_AUTH])
        uri = f"https://{settings.CLOUD_DOMAIN}/edges/{enrolled.edge_uuid}"
        self.assertEqual([name.value for name in values[x509.SubjectAlternativeName]], [uri])
        self.assert_refused(
            "csr_extension_not_allowed", self.text, make_csr(extensions=[(x509.BasicConstraints(True, 0), False)])
        )


class StolenDatabaseTests(EnrollmentTestCase):
    """F-02: everything the database holds, and nothing of it can be used."""

    def test_promise_4_a_stolen_database_contains_no_usable_key_session_or_ca_private_key(self) -> None:
        haystack, hidden = self.populate(), self.secrets()
        self.assertGreater(len(haystack), 10_000)
        for name, secret in hidden.items():
            with self.subTest(name):
                self.assertEqual([trace for trace in traces(secret) if trace in haystack], [])
        # And the search would have found them.
        for secret in hidden.values():
            planted = (secret, secret.hex().encode(), base64.b64encode(b"x" + secret), base64.urlsafe_b64encode(secret))
            for form in planted:
                self.assertTrue(any(trace in haystack + form for trace in traces(secret)))

    def test_promise_4_what_the_session_table_holds_is_no_cookie(self) -> None:
        self.sign_in("ada")
        cookie = self.client.cookies[settings.SESSION_COOKIE_NAME].value
        (session,) = Session.objects.all()
        self.assertNotIn(cookie, everything().decode("utf-8", "replace"))
        self.assertEqual(self.status_with(cookie), 200)
        self.assertEqual(self.status_with(session.session_key), 401)

    def test_promise_4_what_the_key_table_holds_is_no_secret(self) -> None:
        token = tokens.read(self.text, {settings.CLOUD_DOMAIN})
        row = ProvisioningKey.objects.get(pk=self.key.pk)
        guesses = [bytes(row.fingerprint), bytes(row.sealed_token)[-32:], bytes(row.sealed_token)[20:52], bytes(32)]
        for guess in guesses:
            forged = tokens.Token(token.domain, token.public_id, guess, token.pin)
            self.assert_refused("invalid_provisioning_key", forged.text)

    def status_with(self, cookie: str) -> int:
        client = SecureClient(headers={"Accept": "application/json"})
        client.cookies[settings.SESSION_COOKIE_NAME] = cookie
        return client.get("/").status_code

    def populate(self) -> bytes:
        """Some of everything, used and changed in every way that writes secrets."""
        _, hidden = make_key("Hidden", viewable=False)
        shredded, _ = make_key("Shredded")
        shredded.viewable = False
        edit_key(shredded, fields=["viewable"], version=shredded.version, actor=ACTOR)
        make_managed(groups=[{"name": "V"}], keys=[{"name": "Vendor", "group": "V", "max_uses": 3}])
        make_issuer("Own issuer", key_type="EC P-384")
        self.texts = {"viewable": self.text, "hidden": hidden}
        for text in self.texts.values():
            self.post(text)
            self.post(text, "not a request")
            self.post(text[:-4] + "AA==")
        user = self.sign_in("ada")
        self.password = secrets.token_urlsafe(24)
        user.set_password(self.password)
        user.save()
        self.client.force_login(user)
        return everything()

    def secrets(self) -> dict[str, bytes]:
        found = {
            f"secret of {name}": tokens.read(text, {settings.CLOUD_DOMAIN}).secret for name, text in self.texts.items()
        }
        for record in SigningCertificate.objects.exclude(sealed_private_key=None):
            private_key = authority_of(record).private_key
            assert isinstance(private_key, ec.EllipticCurvePrivateKey)
            value = private_key.private_numbers().private_value
            found[f"private key of {record.name}"] = value.to_bytes((value.bit_length() + 7) // 8)
            self.assertNotIn(ca_certificates.private_key_der(private_key), everything())
        ring = keyring.load(settings.KEYRING_FILE)
        found |= {f"master key {key_id}": key for key_id, key in ring.keys.items()}
        found |= {"sealing key": ring.sealing_key(ring.active), "pepper": ring.pepper(ring.active)}
        found["session cookie"] = self.client.cookies[settings.SESSION_COOKIE_NAME].value.encode()
        found |= {"password": self.password.encode(), "secret key": settings.SECRET_KEY.encode()}
        return found


def everything() -> bytes:
    """Every cell of every table, and what is inside the session rows."""
    cells: list[bytes] = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            cells.extend(_as_bytes(cell) for row in cursor.fetchall() for cell in row)
    cells.extend(json.dumps(session.get_decoded()).encode() for session in Session.objects.all())
    return b"\n".join(cells)


def _as_bytes(cell: Any) -> bytes:
    return bytes(cell) if isinstance(cell, bytes | memoryview) else str(cell).encode()


def traces(secret: bytes) -> set[bytes]:
    """Every 8 bytes (of a text: 16) as they are, every 16 characters in hexadecimal and in base64 at each alignment."""
    texts = [secret.hex().encode(), secret.hex().upper().encode()]
    shortest = 16 if secret.isascii() else 8
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + secret)[4 if shift else 0 :].rstrip(b"=")[:-1]
        texts += [encoded, encoded.translate(bytes.maketrans(b"+/", b"-_"))]
    return set(windows(secret, shortest)).union(*(windows(text, 16) for text in texts))


def windows(text: bytes, size: int) -> Iterable[bytes]:
    return (text[start : start + size] for start in range(len(text) - size + 1))
