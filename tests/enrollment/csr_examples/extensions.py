"""CSRs with requested extensions and other attributes."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from cryptography import x509

from tests.enrollment import raw_csr
from tests.enrollment.csr_examples.parts import EXTENSION, MALFORMED, MICROSOFT, Example, info, key, raw, signed
from tests.enrollment.flawed_csrs import CA, NOT_CA, usage
from tests.enrollment.raw_csr import attribute, oid, pem, sequence, set_of, tlv


def extensions() -> Iterator[Example]:
    """Requested extensions: those that are ignored, rights of a CA, and those that cannot be parsed."""
    for name, (requested, ignored) in _ignored().items():
        yield Example(f"asks for {name}", raw_csr.requesting(key(), requested), ignored=ignored)
    yield from _rights_of_a_ca()
    yield from _unreadable()


def _ignored() -> dict[str, tuple[list[bytes], tuple[str, ...]]]:
    """Extensions that common tools and devices request, each with the names in the answer."""
    names = x509.SubjectAlternativeName(
        [x509.DNSName("printer.example"), x509.IPAddress(ipaddress.ip_address("192.0.2.9"))]
    )
    purposes = x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.SERVER_AUTH])
    policies = sequence(sequence(oid("1.3.6.1.5.5.7.3.2")))
    return {
        "alternative names": ([raw_csr.extension(names)], ("subjectAltName",)),
        "alternative names that do not parse": ([raw("2.5.29.17", b"\xff\xff")], ("subjectAltName",)),
        "key agreement": ([raw_csr.extension(usage(key_agreement=True))], ("keyUsage",)),
        "every use but a CA's": (
            [raw_csr.extension(usage(digital_signature=True, content_commitment=True, data_encipherment=True), True)],
            ("keyUsage",),
        ),
        "purposes": ([raw_csr.extension(purposes, True)], ("extendedKeyUsage",)),
        "netscape": (
            [raw("2.16.840.1.113730.1.1", b"\3\2\7\x80"), raw("2.16.840.1.113730.1.13", tlv(0x16, b"openssl"))],
            ("nsCertType", "nsComment"),
        ),
        "CA:FALSE encoded": ([raw("2.5.29.19", sequence(b"\1\1\0"))], ("basicConstraints",)),
        "critical FALSE encoded": ([raw("2.5.29.14", tlv(4, b"x" * 20), b"\1\1\0")], ("subjectKeyIdentifier",)),
        "unknown and critical": ([raw("1.2.3.4", b"\xff", b"\1\1\xff")], ("1.2.3.4",)),
        "a TLS feature nobody has defined": ([raw("1.3.6.1.5.5.7.1.24", sequence(b"\2\1\x63"))], ("TLSFeature",)),
        "nothing": ([], ()),
        "an identifier of 2,000 bytes": (
            [sequence(tlv(6, b"\x2a" + b"\x87" * 1999 + b"\1"), tlv(4, b""))],
            ("an object identifier of 2001 bytes at byte 150",),
        ),
        "windows": (
            [
                raw(f"{MICROSOFT}20.2", tlv(0x1E, "Machine".encode("utf-16-be"))),
                raw(f"{MICROSOFT}21.7", sequence(oid(f"{MICROSOFT}21.8.1"), b"\2\1\x64", b"\2\1\4")),
                raw(f"{MICROSOFT}21.10", policies),
                raw_csr.extension(usage(digital_signature=True, key_encipherment=True), True),
            ],
            (f"{MICROSOFT}20.2", f"{MICROSOFT}21.7", f"{MICROSOFT}21.10", "keyUsage"),
        ),
        "80 of them": (
            [raw(f"1.2.3.{number}", b"") for number in range(80)],
            (*(f"1.2.3.{number}" for number in range(50)), "and 30 more"),
        ),
    }


def _rights_of_a_ca() -> Iterator[Example]:
    for name, wanted, says in (
        ("CA:TRUE", CA, "basicConstraints CA:TRUE"),
        ("CA:TRUE not as DER has it", raw("2.5.29.19", sequence(b"\1\1\1")), "basicConstraints CA:TRUE"),
        ("keyCertSign", raw_csr.extension(usage(key_cert_sign=True)), "keyUsage keyCertSign"),
        ("both", raw_csr.extension(usage(crl_sign=True, key_cert_sign=True)), "keyCertSign and cRLSign"),
    ):
        yield Example(
            f"asks for {name}", raw_csr.requesting(key(), [NOT_CA if says[0] == "k" else b"", wanted]), EXTENSION, says
        )


def _unreadable() -> Iterator[Example]:
    for name, wanted, says in (
        ("basicConstraints that are none", raw("2.5.29.19", b"\4\0"), "basicConstraints must be SEQUENCE"),
        ("keyUsage that is none", raw("2.5.29.15", b"\xff\xff"), "keyUsage"),
        ("keyUsage twice in one", raw("2.5.29.15", b"\3\1\0\3\1\0"), "there must be one: keyUsage"),
        (
            "an extension in four parts",
            sequence(oid("1.2.3"), b"\1\1\0", b"\1\1\0", tlv(4, b"")),
            "4 parts, not 2 or 3",
        ),
    ):
        yield Example(f"asks for {name}", raw_csr.requesting(key(), [wanted]), MALFORMED, says)
    yield Example(
        "asks twice", raw_csr.requesting(key(), [NOT_CA, NOT_CA]), MALFORMED, "basicConstraints is requested twice"
    )
    yield Example(
        "asks in two places", raw_csr.requesting(key(), [NOT_CA], [CA]), MALFORMED, "Extensions are requested twice"
    )


def attributes() -> Iterator[Example]:
    """Attributes other than requested extensions, and requested extensions in several attributes."""
    password = attribute(raw_csr.CHALLENGE_PASSWORD, tlv(0x0C, b"secret"))
    pair = sequence(tlv(0x1E, "Cert".encode("utf-16-be")), tlv(0x1E, "Machine".encode("utf-16-be")))
    windows = (
        attribute(f"{MICROSOFT}13.2.3", tlv(0x16, b"10.0.19045.2")),
        attribute(f"{MICROSOFT}21.20", sequence(b"\2\1\5", tlv(0x0C, b"host"), tlv(0x0C, b"user"))),
        attribute(f"{MICROSOFT}13.2.2", sequence(b"\2\1\0", tlv(0x1E, b"\0a"), tlv(3, b"\0"))),
        attribute(f"{MICROSOFT}13.2.1", pair),
        attribute(f"{MICROSOFT}13.2.1", pair),
        attribute(raw_csr.EXTENSION_REQUEST, raw_csr.extensions(NOT_CA)),
    )
    yield Example("attributes of windows", raw_csr.request(key(), *windows), ignored=("basicConstraints",))
    yield Example("two passwords", raw_csr.request(key(), password, password))
    yield Example("attributes not sorted", raw_csr.request(key(), *reversed(windows)), ignored=("basicConstraints",))
    yield Example("no attributes", pem(signed(info(rest=b""))))
    microsoft = attribute(raw_csr.MICROSOFT_EXTENSION_REQUEST, raw_csr.extensions(NOT_CA))
    yield Example(
        "extensions in microsoft's attribute", raw_csr.request(key(), microsoft), ignored=("basicConstraints",)
    )
    yield Example("extensions in both", raw_csr.request(key(), windows[-1], microsoft), MALFORMED, "requested twice")
    yield Example("no value", raw_csr.request(key(), attribute(raw_csr.EXTENSION_REQUEST)), MALFORMED, "has 0 values")
    two = attribute(raw_csr.EXTENSION_REQUEST, raw_csr.extensions(NOT_CA), raw_csr.extensions(CA))
    yield Example("two values", raw_csr.request(key(), two), MALFORMED, "has 2 values")
    yield Example("attributes in a set", pem(signed(info(rest=tlv(0xA0, set_of())))), MALFORMED, "SEQUENCE, not SET")
    yield Example("an attribute alone", raw_csr.request(key(), sequence(oid("1.2.3"))), MALFORMED, "has 1 part,")
