"""C-06 to C-08: requested extensions that are ignored and named, and those that are refused."""

from __future__ import annotations

import ipaddress

from cryptography import x509

from enrollment.pki import csr
from tests.enrollment import raw_csr
from tests.enrollment.flawed_csrs import CA, NOT_CA, JudgeTestCase, usage


class ExtensionTests(JudgeTestCase):
    def test_c06_ca_rights_are_refused(self) -> None:
        self.assert_code(
            "csr_extension_not_allowed",
            raw_csr.requesting(self.key, [CA]),
            raw_csr.requesting(self.key, [raw_csr.extension(usage(key_cert_sign=True))]),
            raw_csr.requesting(self.key, [raw_csr.extension(usage(digital_signature=True, crl_sign=True))]),
            raw_csr.request(self.key, raw_csr.attribute(raw_csr.MICROSOFT_EXTENSION_REQUEST, raw_csr.extensions(CA))),
        )

    def assert_ignored(self, name: str, wanted: bytes) -> None:
        self.assertEqual(csr.judge(raw_csr.requesting(self.key, [wanted]), 2048).ignored_extensions, (name,))

    def test_c06_other_key_usages_are_ignored_and_named(self) -> None:
        for name in ("content_commitment", "data_encipherment", "key_agreement"):
            self.assert_ignored("keyUsage", raw_csr.extension(usage(**{name: True})))

    def test_c07_every_alternative_name_is_ignored_and_named(self) -> None:
        names: list[list[x509.GeneralName]] = [
            [x509.DNSName("edge.example.com")],
            [x509.IPAddress(ipaddress.ip_address("192.0.2.1"))],
            [x509.RFC822Name("root@example.com")],
            [x509.UniformResourceIdentifier("https://api.private.example.com/edges/1")],
            [x509.UniformResourceIdentifier("spiffe://a"), x509.UniformResourceIdentifier("spiffe://b")],
            [x509.OtherName(x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2.3"), b"\x0c\x01a")],
            [x509.DirectoryName(x509.Name([]))],
            [x509.RegisteredID(x509.ObjectIdentifier("1.2.3"))],
        ]
        for wanted in names:
            with self.subTest(wanted[0]):
                self.assert_ignored("subjectAltName", raw_csr.extension(x509.SubjectAlternativeName(wanted)))

    def test_c07_only_exactly_the_names_of_the_edge_are_no_wish(self) -> None:
        own, other = (
            x509.SubjectAlternativeName([x509.UniformResourceIdentifier(f"https://api.private.example.com/edges/{n}")])
            for n in "12"
        )
        for wanted, ignored in ((own, ()), (other, ("subjectAltName",))):
            pem = raw_csr.requesting(self.key, [raw_csr.extension(wanted, critical=True)])
            self.assertEqual(csr.judge(pem, 2048, own.public_bytes()).ignored_extensions, ignored)

    def test_c07_names_of_kinds_that_the_library_does_not_know_are_ignored(self) -> None:
        for tag in (0xA3, 0xA5):  # x400Address and ediPartyName of RFC 5280 §4.2.1.6
            names = raw_csr.sequence(raw_csr.tlv(tag, raw_csr.sequence()))
            self.assert_ignored("subjectAltName", raw_csr.sequence(raw_csr.oid("2.5.29.17"), raw_csr.tlv(0x04, names)))

    def test_any_other_extension_is_ignored_and_named(self) -> None:
        unknown = raw_csr.sequence(raw_csr.oid("1.2.3.4"), raw_csr.tlv(0x04, b"\xff"))
        self.assert_ignored("1.2.3.4", unknown)
        self.assert_ignored("OCSPNoCheck", raw_csr.extension(x509.OCSPNoCheck()))
        self.assert_ignored("inhibitAnyPolicy", raw_csr.extension(x509.InhibitAnyPolicy(0), critical=True))

    def test_c08_duplicates_and_several_values_are_refused(self) -> None:
        several = raw_csr.attribute(raw_csr.EXTENSION_REQUEST, raw_csr.extensions(NOT_CA), raw_csr.extensions(CA))
        microsoft = raw_csr.attribute(raw_csr.MICROSOFT_EXTENSION_REQUEST, raw_csr.extensions(CA))
        standard = raw_csr.attribute(raw_csr.EXTENSION_REQUEST, raw_csr.extensions(NOT_CA))
        self.assert_code(
            "csr_malformed",
            raw_csr.requesting(self.key, [NOT_CA, NOT_CA]),
            raw_csr.requesting(self.key, [NOT_CA, CA]),
            raw_csr.requesting(self.key, [NOT_CA], [CA]),
            raw_csr.request(self.key, several),
            raw_csr.request(self.key, standard, microsoft),
            raw_csr.request(self.key, microsoft, standard),
            raw_csr.request(self.key, raw_csr.attribute(raw_csr.EXTENSION_REQUEST)),
        )

    def test_c08_extensions_that_may_ask_for_ca_rights_and_do_not_parse_are_refused(self) -> None:
        for name in ("2.5.29.15", "2.5.29.19"):
            broken = raw_csr.sequence(raw_csr.oid(name), raw_csr.tlv(0x04, b"\xff\xff"))
            self.assert_code("csr_malformed", raw_csr.requesting(self.key, [broken]))
