"""Certificates and keys in every common file format, made by the library and by openssl."""

from __future__ import annotations

import base64
import re
import unittest
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs7,
    pkcs12,
)

from keys.crypto import uploaded_pem
from keys.errors import BadCertificate
from tests.keys import authorities
from tests.keys.ca_examples import shell

PASSWORD = "ein Paßwort"


class ReadingTestCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.root = authorities.ca()
        cls.own = authorities.ca("Own", cls.root)
        cls.both = [cls.own.certificate, cls.root.certificate]
        cls.chain = cls.own.pem + cls.root.pem

    def assert_read(self, *given: bytes, key: bool = False, password: str = "", count: int = 2) -> None:
        found = uploaded_pem.read(*given, password=password)
        self.assertEqual(set(found.certificates), set(self.both[:count]))
        expected = self.own.key.public_key() if key else None
        self.assertEqual(found.private_key.public_key() if found.private_key else None, expected)

    def assert_fault(self, code: str, *given: bytes, password: str = "") -> BadCertificate:
        with self.assertRaises(BadCertificate) as refused:
            uploaded_pem.read(*given, password=password)
        self.assertEqual(refused.exception.code, code)
        return refused.exception


class TextTest(ReadingTestCase):
    def test_what_editors_mail_and_consoles_make_of_pem(self) -> None:
        text = self.chain.decode()
        one_line = re.sub(r"\n(?!-----BEGIN)(?=.)", " ", text)
        for title, spelled in {
            "CRLF": text.replace("\n", "\r\n"),
            "CR": text.replace("\n", "\r"),
            "no last newline": text.rstrip(),
            "joined": text.replace("-----\n-----", "----------"),
            "dashes shared": text.replace("-----\n-----", "-----"),
            "blank lines": text.replace("\n", "\n\n"),
            "indented": text.replace("\n", "\n    "),
            "trailing blanks": text.replace("\n", " \t\n"),
            "no-break spaces": text.replace("\n", "\u00a0\n"),
            "zero width": "\u200b" + text.replace("\n", "\u200b\n"),
            "quoted in a mail": "> " + text.replace("\n", "\n> "),
            "on one line": one_line,
            "escaped": text.replace("\n", "\\n"),
            "escaped CRLF": text.replace("\n", "\\r\\n"),
            "text between": "Bag Attributes\n  friendlyName: x\n" + text.replace("\n-----B", "\ny: z\n-----B") + "end",
            "old label": text.replace(" CERTIFICATE", " X509 CERTIFICATE"),
            "parameters before": "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"
            + text,
        }.items():
            with self.subTest(title):
                self.assertNotEqual(spelled.encode(), self.chain)
                self.assert_read(spelled.encode())

    def test_utf_8_and_utf_16_with_and_without_a_mark(self) -> None:
        text = self.chain.decode()
        for before in ("", "Zertifikat größer 根\r\n"):
            for codec, mark in (("utf-8", b"\xef\xbb\xbf"), ("utf-16-le", b"\xff\xfe"), ("utf-16-be", b"\xfe\xff")):
                for begin in (mark, b""):
                    with self.subTest(codec=codec, begin=begin, before=before):
                        self.assert_read(begin + (before + text).encode(codec))
                        key = (before + self.own.key_pem.decode()).encode(codec)
                        self.assert_read(begin + text.encode(codec), begin + key, key=True)

    def test_no_certificate_is_lost_without_a_word(self) -> None:
        text = self.chain.decode()
        lines = text.splitlines(keepends=True)
        self.assert_fault("certificate_unreadable", "".join(lines[:-1]).encode())
        end = lines.index("-----END CERTIFICATE-----\n")
        self.assertIn(
            "Certificate 1 ",
            str(self.assert_fault("certificate_unreadable", "".join(lines[:end] + lines[end + 1 :]).encode())),
        )
        self.assertIn(
            "Certificate 2 ", str(self.assert_fault("certificate_unreadable", self.own.pem + self.root.pem[:200]))
        )
        self.assertIn(
            "Certificate 2 ",
            str(self.assert_fault("certificate_unreadable", self.own.pem + self.root.pem.replace(b"M", b"?", 1))),
        )

    def test_a_block_without_its_first_line_is_not_lost_either(self) -> None:
        text = self.chain.decode()
        headless = text.removeprefix("-----BEGIN CERTIFICATE-----\n")
        self.assertIn("Certificate 1 ", str(self.assert_fault("certificate_unreadable", headless.encode())))

    def test_base64_alone_is_read(self) -> None:
        bare, bare_key = (re.sub(rb"-----.*-----\n", b"", each) for each in (self.own.pem, self.own.key_pem))
        self.assert_read(bare, bare_key, key=True, count=1)
        both = pkcs7.serialize_certificates(self.both, Encoding.DER)
        self.assert_read(base64.encodebytes(both))
        self.assert_fault("certificate_missing", base64.b64encode(b"no certificate" * 9))

    def test_what_is_no_certificate_is_not_called_a_damaged_one(self) -> None:
        request = b"-----BEGIN CERTIFICATE REQUEST-----\nMAA=\n-----END CERTIFICATE REQUEST-----\n"
        self.assert_fault("certificate_is_request", request)
        self.assert_read(request + self.chain)
        made = x509.CertificateSigningRequestBuilder().subject_name(self.own.certificate.subject)
        self.assert_fault("certificate_is_request", made.sign(self.own.key, SHA256()).public_bytes(Encoding.DER))
        now = datetime.now(UTC)
        revoked = x509.CertificateRevocationListBuilder(self.own.certificate.subject, now, now + timedelta(days=1))
        self.assert_fault("certificate_missing", revoked.sign(self.own.key, SHA256()).public_bytes(Encoding.DER))
        # A SignedData without certificates, and an EnvelopedData (RFC 2315 sections 9.1 and 10.1).
        for content in (
            "302306092a864886f70d010702a0163014020101310030 0b06092a864886f70d0107013100",
            "300f06092a864886f70d010703a0023000",
        ):
            encoded = base64.b64encode(bytes.fromhex(content))
            self.assert_fault("pkcs7_unreadable", b"-----BEGIN PKCS7-----\n" + encoded + b"\n-----END PKCS7-----\n")


class BinaryTest(ReadingTestCase):
    def der(self, ca: authorities.CA) -> bytes:
        return ca.certificate.public_bytes(Encoding.DER)

    def key_der(self, *, encryption=None, form: PrivateFormat = PrivateFormat.PKCS8) -> bytes:
        return self.own.key.private_bytes(Encoding.DER, form, encryption or NoEncryption())

    def store(
        self, *, key: bool = True, certificate: bool = True, above: bool = True, password: str = PASSWORD
    ) -> bytes:
        return pkcs12.serialize_key_and_certificates(
            b"own", self.own.key if key else None, self.own.certificate if certificate else None,
            [self.root.certificate] if above else None,
            BestAvailableEncryption(password.encode()) if password else NoEncryption(),
        )  # fmt: skip

    def test_der_alone_and_one_after_the_other_with_its_key(self) -> None:
        self.assert_read(self.der(self.own), count=1)
        self.assert_read(self.der(self.own) + self.der(self.root))
        self.assert_read(self.der(self.own) + b"\n" + self.root.pem)
        for form in (PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL):
            self.assert_read(self.chain, self.key_der(form=form), key=True)
        # A form with a file and a pasted text.
        self.assert_read([self.der(self.own), self.root.pem], [b"", self.own.key_pem], key=True)

    def test_pkcs7(self) -> None:
        for encoding in (Encoding.DER, Encoding.PEM):
            self.assert_read(pkcs7.serialize_certificates(self.both, encoding))
        labelled = pkcs7.serialize_certificates(self.both, Encoding.PEM).replace(b"PKCS7", b"CERTIFICATE")
        self.assert_read(labelled)
        self.assert_fault("certificate_unreadable", pkcs7.serialize_certificates(self.both, Encoding.DER)[:-40])

    def test_pkcs12_with_and_without_chain_key_and_password(self) -> None:
        for password in (PASSWORD, ""):
            self.assert_read(self.store(password=password), password=password, key=True)
            self.assert_read(self.store(key=False, password=password), password=password)
            self.assert_read([self.store(above=False, password=password), self.root.pem], password=password, key=True)
        self.assert_read(self.root.pem, self.store(above=False), password=PASSWORD, key=True)
        self.assert_fault("certificate_missing", self.store(certificate=False, above=False), password=PASSWORD)
        self.assert_fault("password_missing", self.store())
        self.assertEqual(self.assert_fault("password_wrong", self.store(), password="wrong").field_name, "password")
        self.assert_read(self.store(), self.own.key_pem, password=PASSWORD, key=True)
        self.assert_read(self.chain + self.own.key_pem, self.own.key_pem, key=True)
        self.assert_fault("key_repeated", self.store(), self.root.key_pem, password=PASSWORD)

    def test_an_encrypted_key_is_opened_with_its_password(self) -> None:
        encryption = BestAvailableEncryption(PASSWORD.encode())
        traditional = self.own.key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, encryption)
        for key in (self.own.encrypted(encryption), self.key_der(encryption=encryption), traditional):
            self.assert_read(self.chain, key, key=True, password=PASSWORD)
            self.assert_fault("key_encrypted", self.chain, key)
            self.assertEqual(self.assert_fault("password_wrong", self.chain, key, password="x").field_name, "password")
        self.assert_read(self.chain, self.own.key_pem, key=True, password="needless")

    def test_keys_that_nobody_signs_with_are_named(self) -> None:
        edwards = authorities.ca("Ed", key=ed25519.Ed25519PrivateKey.generate())
        self.assertIn(
            "is Ed25519, which is not supported",
            str(self.assert_fault("unsupported_key", edwards.pem, edwards.key_pem)),
        )

    def test_a_key_too_large_is_not_opened_in_a_store_either(self) -> None:
        """A stand-in of that size: making a real key takes minutes, and so does testing it."""
        key = rsa.RSAPrivateNumbers(
            p=2**8192 - 3, q=2**8192 - 5, d=3, dmp1=3, dmq1=3, iqmp=3,
            public_numbers=rsa.RSAPublicNumbers(65537, (2**8192 - 3) * (2**8192 - 5)),
        ).private_key(unsafe_skip_rsa_key_validation=True)  # fmt: skip
        for encryption in (NoEncryption(), BestAvailableEncryption(PASSWORD.encode())):
            der = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, encryption)
            self.assert_fault("key_too_large", self.chain, der, password=PASSWORD)

    def test_a_fault_tells_nothing_of_key_or_password(self) -> None:
        for given in ((self.store(), b""), (self.chain, self.own.encrypted())):
            refused = self.assert_fault("password_wrong", *given, password="geheim-4711")
            self.assertNotIn("geheim", str(refused) + repr(refused.__cause__) + repr(refused.args))
            self.assertIsNone(refused.__cause__)
        self.assertNotIn("PRIVATE", repr(uploaded_pem.read(self.chain, self.own.key_pem)))


class DetailTest(ReadingTestCase):
    """A certificate that is not damaged: exporting it again would change nothing, so its fault is named."""

    def test_extensions(self) -> None:
        odd = {
            "1.3.6.1.5.5.7.1.1": b"\5\0",
            "2.5.29.37": b"\x30\0",
            "2.5.29.31": b"\x30\3\2\1\1",
        }
        for oid, value in odd.items():
            with self.subTest(oid):
                extension = x509.UnrecognizedExtension(x509.ObjectIdentifier(oid), value)
                found = authorities.ca("Own", self.root, more=((extension, False),))
                refused = self.assert_fault("certificate_extension_unreadable", found.pem + self.root.pem)
                self.assertIn("certificate 1 of the file", str(refused))
                self.assertIn("extension", str(refused))

    def test_a_key_of_an_unknown_kind(self) -> None:
        curve = b"\x06\x08" + bytes.fromhex("2a8648ce3d030107")
        for other in ("2a811ccf5501822d", "2a8648ce3d030170"):
            der = self.own.certificate.public_bytes(Encoding.DER).replace(curve, b"\x06\x08" + bytes.fromhex(other))
            self.assert_fault("certificate_algorithm_unknown", der)


class PublicPartTest(ReadingTestCase):
    def test_only_certificates_are_shown_again(self) -> None:
        self.assertEqual(uploaded_pem.public_part(self.chain).encode(), self.chain)
        self.assertEqual(
            uploaded_pem.public_part(b"\xef\xbb\xbfsecret words" + self.own.key_pem + self.own.pem * 2).encode(),
            self.own.pem,
        )
        self.assertEqual(
            uploaded_pem.public_part(pkcs7.serialize_certificates(self.both, Encoding.DER)).count("BEGIN"), 2
        )
        for given in (b"", self.own.key_pem, b"x" * 70_000, self.own.pem[:-9], b"\x30\x82\xff\xff", bytes(range(256))):
            self.assertEqual(uploaded_pem.public_part(given), "")


@pytest.mark.once
class OpenSSLFilesTest(ReadingTestCase):
    """The files of the openssl of this machine: old algorithms, bags, streams, trusted certificates."""

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        export = "openssl pkcs12 -export -in chain -inkey key -passout pass:x"
        cls.files = shell(
            f"{export} -out new; {export} -out triple -certpbe PBE-SHA1-3DES -keypbe PBE-SHA1-3DES -macalg sha1\n"
            f"{export} -legacy -out legacy; {export} -nomac -out nomac; {export} -out slow -iter 1000001 -nomaciter\n"
            "openssl pkcs12 -export -nokeys -in chain -passout pass:x -out nokeys\n"
            "openssl pkcs12 -in new -passin pass:x -nodes -out bags 2>/dev/null\n"
            "openssl pkcs12 -in new -passin pass:x -passout pass:y -out bags-encrypted 2>/dev/null\n"
            "openssl crl2pkcs7 -nocrl -certfile chain -out p7\n"
            "openssl crl2pkcs7 -nocrl -certfile chain -outform DER -out p7der\n"
            "echo x | openssl cms -sign -signer own -inkey key -certfile root -outform DER -stream -nodetach > stream\n"
            "openssl x509 -in own -addtrust clientAuth -trustout -out trusted\n"
            "openssl x509 -in own -text -out text\n"
            "openssl pkcs8 -topk8 -in key -passout pass:x -scrypt -out scrypt\n"
            "openssl ec -in key -aes128 -passout pass:x -out traditional 2>/dev/null\n"
            "openssl ec -in key -camellia128 -passout pass:x -out camellia 2>/dev/null\n"
            "openssl pkey -in camellia -passin pass:x -aes256 -passout pass:x -out again",
            chain=cls.chain, key=cls.own.key_pem, own=cls.own.pem, root=cls.root.pem,
        )  # fmt: skip

    def test_stores(self) -> None:
        for name in ("new", "triple", "legacy", "nomac"):
            with self.subTest(name):
                self.assert_read(self.files[name], key=True, password="x")
                self.assert_fault("password_wrong", self.files[name], password="y")
        self.assert_read(self.files["nokeys"], password="x")
        self.assert_fault("key_too_slow", self.files["slow"], password="x")

    def test_bags_of_attributes_with_plain_and_encrypted_keys(self) -> None:
        self.assert_read(self.files["bags"], key=True)
        self.assert_read(self.files["bags-encrypted"], key=True, password="y")

    def test_messages_and_trusted_certificates(self) -> None:
        for name in ("p7", "p7der", "stream"):
            with self.subTest(name):
                self.assert_read(self.files[name])
        self.assert_read(self.files["trusted"], count=1)
        self.assert_read(self.files["text"], count=1)

    def test_a_name_that_is_not_what_its_string_type_says_is_called_so(self) -> None:
        config = "[req]\ndistinguished_name=d\nstring_mask=nombstr\nutf8=yes\n[d]\n"
        files = shell(
            "openssl req -x509 -key key -config c -subj /CN=Gr\u00f6\u00dfe -out root",
            key=self.own.key_pem,
            c=config.encode(),
        )
        self.assertIn("TeletexString", str(self.assert_fault("certificate_name_unreadable", files["root"])))

    def test_encrypted_keys(self) -> None:
        for name in ("scrypt", "traditional"):
            with self.subTest(name):
                self.assert_read(self.chain, self.files[name], key=True, password="x")

    def test_the_advice_for_a_cipher_that_is_not_read_helps(self) -> None:
        refused = self.assert_fault("password_wrong", self.chain, self.files["camellia"], password="x")
        self.assertIn("openssl pkey -in KEY.pem -aes256 -out OUT.pem", str(refused))
        self.assert_read(self.chain, self.files["again"], key=True, password="x")
