"""Requests as stock tools, devices, people and broken software make them, each with what is right for it.

OpenSSL's `req -verify` is asked about the same ones, and mutations start from them.
"""

from __future__ import annotations

import base64
import functools
import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from tests.enrollment import forge
from tests.enrollment.forge import attribute, oid, pem, sequence, set_of, tlv
from tests.enrollment.specimens import CA, NOT_CA, usage

MALFORMED, SIGNATURE, KEY, EXTENSION = (
    "csr_malformed", "csr_signature_invalid", "csr_key_rejected", "csr_extension_not_allowed",
)  # fmt: skip
_MICROSOFT = "1.3.6.1.4.1.311."
_P256 = sequence(oid("1.2.840.10045.2.1"), oid("1.2.840.10045.3.1.7"))
_ECDSA_SHA256 = "1.2.840.10045.4.3.2"


@dataclass(frozen=True)
class Odd:
    """`code` is empty for an accepted request, whose ignored extensions are `ignored`; else `says` is in the fault."""

    name: str
    text: str
    code: str = ""
    says: str = ""
    ignored: tuple[str, ...] = ()


@functools.cache
def key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@functools.cache
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def raw(dotted: str, content: bytes, *critical: bytes) -> bytes:
    """An extension of any content."""
    return sequence(oid(dotted), *critical, tlv(0x04, content))


def signed(info: bytes, *parameters: bytes, algorithm: str = _ECDSA_SHA256) -> bytes:
    signature = key().sign(info, ec.ECDSA(hashes.SHA256()))
    return sequence(info, sequence(oid(algorithm), *parameters), forge.bit_string(signature))


def info(
    version: bytes = b"\2\1\0", subject: bytes | None = None, public: bytes | None = None, rest: bytes = b"\xa0\0"
) -> bytes:
    return sequence(version, subject or forge.common_name("edge"), public or forge.spki(key().public_key()), rest)


@functools.cache
def odd_requests() -> list[Odd]:
    """All of them."""
    return [*asking(), *attributes(), *encodings(), *texts(), *keys(), *signatures(), *other_files()]


def asking() -> Iterator[Odd]:
    """Extensions that tools and devices always ask for, and the rights of a CA."""
    names = x509.SubjectAlternativeName(
        [x509.DNSName("printer.example"), x509.IPAddress(ipaddress.ip_address("192.0.2.9"))]
    )
    purposes = x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.SERVER_AUTH])
    policies = sequence(sequence(oid("1.3.6.1.5.5.7.3.2")))
    wishes: dict[str, tuple[list[bytes], tuple[str, ...]]] = {
        "alternative names": ([forge.extension(names)], ("subjectAltName",)),
        "alternative names that do not parse": ([raw("2.5.29.17", b"\xff\xff")], ("subjectAltName",)),
        "key agreement": ([forge.extension(usage(key_agreement=True))], ("keyUsage",)),
        "every use but a CA's": (
            [forge.extension(usage(digital_signature=True, content_commitment=True, data_encipherment=True), True)],
            ("keyUsage",),
        ),
        "purposes": ([forge.extension(purposes, True)], ("extendedKeyUsage",)),
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
                raw(f"{_MICROSOFT}20.2", tlv(0x1E, "Machine".encode("utf-16-be"))),
                raw(f"{_MICROSOFT}21.7", sequence(oid(f"{_MICROSOFT}21.8.1"), b"\2\1\x64", b"\2\1\4")),
                raw(f"{_MICROSOFT}21.10", policies),
                forge.extension(usage(digital_signature=True, key_encipherment=True), True),
            ],
            (f"{_MICROSOFT}20.2", f"{_MICROSOFT}21.7", f"{_MICROSOFT}21.10", "keyUsage"),
        ),
        "80 of them": (
            [raw(f"1.2.3.{number}", b"") for number in range(80)],
            (*(f"1.2.3.{number}" for number in range(50)), "and 30 more"),
        ),
    }
    for name, (wanted, ignored) in wishes.items():
        yield Odd(f"asks for {name}", forge.requesting(key(), wanted), ignored=ignored)
    for name, wanted, says in (
        ("CA:TRUE", CA, "basicConstraints CA:TRUE"),
        ("CA:TRUE not as DER has it", raw("2.5.29.19", sequence(b"\1\1\1")), "basicConstraints CA:TRUE"),
        ("keyCertSign", forge.extension(usage(key_cert_sign=True)), "keyUsage keyCertSign"),
        ("both", forge.extension(usage(crl_sign=True, key_cert_sign=True)), "keyCertSign and cRLSign"),
    ):
        yield Odd(
            f"asks for {name}", forge.requesting(key(), [NOT_CA if says[0] == "k" else b"", wanted]), EXTENSION, says
        )
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
        yield Odd(f"asks for {name}", forge.requesting(key(), [wanted]), MALFORMED, says)
    yield Odd("asks twice", forge.requesting(key(), [NOT_CA, NOT_CA]), MALFORMED, "basicConstraints is requested twice")
    yield Odd(
        "asks in two places", forge.requesting(key(), [NOT_CA], [CA]), MALFORMED, "Extensions are requested twice"
    )


def attributes() -> Iterator[Odd]:
    """Attributes beside requested extensions."""
    password = attribute(forge.CHALLENGE_PASSWORD, tlv(0x0C, b"secret"))
    pair = sequence(tlv(0x1E, "Cert".encode("utf-16-be")), tlv(0x1E, "Machine".encode("utf-16-be")))
    windows = (
        attribute(f"{_MICROSOFT}13.2.3", tlv(0x16, b"10.0.19045.2")),
        attribute(f"{_MICROSOFT}21.20", sequence(b"\2\1\5", tlv(0x0C, b"host"), tlv(0x0C, b"user"))),
        attribute(f"{_MICROSOFT}13.2.2", sequence(b"\2\1\0", tlv(0x1E, b"\0a"), tlv(3, b"\0"))),
        attribute(f"{_MICROSOFT}13.2.1", pair),
        attribute(f"{_MICROSOFT}13.2.1", pair),
        attribute(forge.EXTENSION_REQUEST, forge.extensions(NOT_CA)),
    )
    yield Odd("attributes of windows", forge.request(key(), *windows), ignored=("basicConstraints",))
    yield Odd("two passwords", forge.request(key(), password, password))
    yield Odd("attributes not sorted", forge.request(key(), *reversed(windows)), ignored=("basicConstraints",))
    yield Odd("no attributes", pem(signed(info(rest=b""))))
    microsoft = attribute(forge.MICROSOFT_EXTENSION_REQUEST, forge.extensions(NOT_CA))
    yield Odd("extensions in microsoft's attribute", forge.request(key(), microsoft), ignored=("basicConstraints",))
    yield Odd("extensions in both", forge.request(key(), windows[-1], microsoft), MALFORMED, "requested twice")
    yield Odd("no value", forge.request(key(), attribute(forge.EXTENSION_REQUEST)), MALFORMED, "has 0 values")
    two = attribute(forge.EXTENSION_REQUEST, forge.extensions(NOT_CA), forge.extensions(CA))
    yield Odd("two values", forge.request(key(), two), MALFORMED, "has 2 values")
    yield Odd("attributes in a set", pem(signed(info(rest=tlv(0xA0, set_of())))), MALFORMED, "SEQUENCE, not SET")
    yield Odd("an attribute alone", forge.request(key(), sequence(oid("1.2.3"))), MALFORMED, "has 1 parts")


def encodings() -> Iterator[Odd]:
    """Other bytes than DER has, or other parts than PKCS #10 has."""
    good, content = signed(info()), b"".join(forge.parts_of(signed(info())))
    printable = sequence(set_of(sequence(oid("2.5.4.3"), tlv(0x13, b"edge_1"))))
    yield Odd("an underscore in a PrintableString", pem(signed(info(subject=printable))))
    yield Odd("a version of 2", pem(signed(info(version=b"\2\1\2"))), MALFORMED, "The version at byte 5 is 2;")
    yield Odd("a negative version", pem(signed(info(version=b"\2\1\xff"))), MALFORMED, "is -1;")
    yield Odd("a long version", pem(signed(info(version=tlv(2, b"\1" * 2000)))), MALFORMED, "is a longer number;")
    yield Odd(
        "indefinite length", pem(b"\x30\x80" + content + b"\0\0"), MALFORMED, "at byte 1 is indefinite: this is BER"
    )
    inner = b"\x30\x80" + info()[3:] + b"\0\0"
    yield Odd("indefinite length inside", pem(signed(inner)), MALFORMED, "is indefinite: this is BER")
    yield Odd(
        "long length", pem(b"\x30\x83" + len(content).to_bytes(3) + content), MALFORMED, "at byte 1 has surplus octets"
    )
    yield Odd("trailing bytes", pem(good + b"\0\0"), MALFORMED, "Surplus bytes follow the request at byte")
    yield Odd("truncated", pem(good[:100]), MALFORMED, "Truncated at byte 100: the request at byte 0 needs")
    yield Odd("a part too many", pem(signed(info(rest=b"\xa0\0\5\0"))), MALFORMED, "has 5 parts")
    yield Odd(
        "a subject that is none",
        pem(signed(info(subject=tlv(0x0C, b"edge")))),
        MALFORMED,
        "the subject must be SEQUENCE, not UTF8String",
    )
    yield Odd("nothing inside", pem(b"\x30\0"), MALFORMED, "empty SEQUENCE")
    yield Odd("an absurd length", pem(b"\x30\x89" + b"\xff" * 9), MALFORMED, "longer than what is there")
    yield Odd("a high tag", pem(b"\x3f\x82\x01\0"), MALFORMED, "tag number above 30")
    halves = sequence(info(), sequence(oid(_ECDSA_SHA256)), tlv(3, b"\1" + b"x" * 70))
    yield Odd("bits that are no bytes", pem(halves), MALFORMED, "does not hold whole bytes")


def texts() -> Iterator[Odd]:
    """The same good request in every kind of text."""
    good = pem(signed(info()))
    first, last = good.splitlines()[0], good.splitlines()[-1]
    yield Odd("byte order mark", "\ufeff" + good)
    yield Odd("line ends of windows", good.replace("\n", "\r\n"))
    yield Odd("the label NEW", good.replace("CERTIFICATE", "NEW CERTIFICATE"))
    yield Odd("text around", f"Certificate Request:\n    Data:\n{good}and more\n")
    yield Odd("one line of base64", f"{first}\n{''.join(good.splitlines()[1:-1])}\n{last}\n")
    yield Odd("indented", "\n".join(f"    {line}" for line in good.splitlines()))
    yield Odd(
        "parameters before it", f"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n{good}"
    )
    yield Odd("headers", good.replace(first, f"{first}\nComment: made by a device\n"))
    yield Odd(
        "headers without an end", good.replace(first, f"{first}\nComment: x"), MALFORMED, "An empty line is missing"
    )
    encrypted = good.replace(first, f"{first}\nProc-Type: 4,ENCRYPTED\n")
    yield Odd("encrypted", encrypted, MALFORMED, "The block is encrypted")
    yield Odd("two blocks", good + good, MALFORMED, "There are 2 requests")
    yield Odd("no end", good.replace(last, ""), MALFORMED, f"The line {last} is missing")
    yield Odd(
        "another end", good.replace(last, last.replace("CERT", "NEW CERT")), MALFORMED, f"The line {last} is missing"
    )
    yield Odd("all on one line", good.replace("\n", " "), MALFORMED, "line breaks of the request were lost")
    yield Odd("written line breaks", good.replace("\n", "\\n"), MALFORMED, r"two characters \n")
    yield Odd("bare base64", "".join(good.splitlines()[1:-1]), MALFORMED, "are missing")
    quoted = "\n".join(f"> {line}" for line in good.splitlines())
    for name, marked in (("quotes", f'"{good}"'), ("marks of a mail", quoted)):
        yield Odd(f"in {name}", marked, MALFORMED, "must stand alone, without quotes")
    yield Odd("a text about a private key", f"Made with its private key, which stays where it is:\n{good}")
    yield Odd("UTF-16", good.encode("utf-16-le").decode("latin-1"), MALFORMED, "UTF-16")
    yield Odd("nothing", " \n", MALFORMED, "The request is empty")
    yield Odd("an empty block", f"{first}\n{last}\n", MALFORMED, "The block is empty")
    yield Odd("a word", "no request", MALFORMED, "There is no line -----BEGIN CERTIFICATE REQUEST-----")
    yield Odd("URL-safe base64", good.replace("M", "-", 1), MALFORMED, "Character 1 of the base64")
    yield Odd("cut base64", f"{first}\n{base64.b64encode(b'0' * 50).decode()[:-2]}\n{last}\n", MALFORMED, "cut off")
    yield Odd("17,000 characters", good + "x" * 17_000, MALFORMED, "characters; at most 16,384")
    yield Odd(
        "5,000 bytes", pem(signed(info(subject=forge.common_name("n" * 5_000)))), MALFORMED, "bytes; at most 4,096"
    )


def keys() -> Iterator[Odd]:
    """Keys of other kinds, and other spellings of good ones."""
    numbers = sequence(forge.integer(rsa_key().public_key().public_numbers().n), forge.integer(65537))
    for name, parameters, code, says in (
        ("without NULL", b"", "", ""),
        ("with other parameters", sequence(), KEY, "they must be NULL"),
    ):
        public = sequence(sequence(oid(forge.RSA_ENCRYPTION), parameters), forge.bit_string(numbers))
        text = pem(forge.sign(info(public=public), rsa_key()))
        yield Odd(f"RSA {name}", text, code, says)
    point = key().public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    yield Odd(
        "a compressed point",
        pem(signed(info(public=sequence(_P256, forge.bit_string(point))))),
        KEY,
        "compressed point",
    )
    for curve, says in (
        (ec.SECP256K1(), "secp256k1"),
        (ec.SECP521R1(), "P-521"),
        (ec.BrainpoolP256R1(), "brainpoolP256r1"),
    ):
        yield Odd(f"the curve {says}", forge.request(ec.generate_private_key(curve)), KEY, f"on the curve {says}")
    implicit = sequence(sequence(oid("1.2.840.10045.2.1"), forge.NULL), forge.bit_string(b"\4" + bytes(64)))
    yield Odd("a curve that is not named", pem(signed(info(public=implicit))), KEY, "is not named")
    for dotted, says in (
        ("1.3.101.112", "Ed25519"),
        ("1.2.840.113549.1.1.10", "for RSA-PSS only"),
        ("1.2.3", "not known"),
    ):
        public = sequence(sequence(oid(dotted)), forge.bit_string(bytes(32)))
        yield Odd(f"a key {says}", pem(signed(info(public=public))), KEY, says)


def signatures() -> Iterator[Odd]:
    """Signatures of other kinds."""
    yield Odd("SHA-1", forge.request(key(), digest=hashes.SHA1()), SIGNATURE, "SHA-1 signatures are not accepted")
    yield Odd(
        "SHA-1 by RSA", forge.request(rsa_key(), digest=hashes.SHA1()), SIGNATURE, "SHA-1 signatures are not accepted"
    )
    yield Odd("MD5", forge.request(rsa_key(), digest=hashes.MD5()), SIGNATURE, "MD5 signatures are not accepted")
    yield Odd("RSA-PSS", pem(_pss()), SIGNATURE, "RSA-PSS signatures are not accepted")
    yield Odd("an unknown algorithm", pem(signed(info(), algorithm="1.2.3.4")), SIGNATURE, "1.2.3.4 signatures")
    yield Odd("another key's", pem(forge.sign(info(), rsa_key())), SIGNATURE, "of another kind than the key")
    other = forge.sign(info(), ec.generate_private_key(ec.SECP256R1()))
    yield Odd("another key of its kind", pem(other), SIGNATURE, "The signature does not fit")
    yield Odd("NULL for parameters", pem(signed(info(), forge.NULL)))
    yield Odd(
        "a curve for parameters", pem(signed(info(), oid("1.2.840.10045.3.1.7"))), MALFORMED, "must be absent or NULL"
    )


def _pss() -> bytes:
    made = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    scheme = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
    return made.sign(rsa_key(), hashes.SHA256(), rsa_padding=scheme).public_bytes(Encoding.DER)


def other_files() -> Iterator[Odd]:
    """What people send in the place of a request: keys, certificates, wrapped requests."""
    secret = "This holds a private key"
    for name, kind in (("PKCS #8", PrivateFormat.PKCS8), ("traditional", PrivateFormat.TraditionalOpenSSL)):
        for each in (key(), rsa_key()):
            text = each.private_bytes(Encoding.PEM, kind, NoEncryption()).decode()
            yield Odd(f"a private key, {name}, {type(each).__name__}", text, MALFORMED, secret)
            der = each.private_bytes(Encoding.DER, kind, NoEncryption())
            yield Odd(f"the same as a request, {name}, {type(each).__name__}", pem(der), MALFORMED, secret)
    bare = base64.b64encode(key().private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())).decode()
    yield Odd("a private key as bare base64", bare, MALFORMED, secret)
    sealed = key().private_bytes(Encoding.DER, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))
    yield Odd("an encrypted private key", pem(sealed, "ENCRYPTED PRIVATE KEY"), MALFORMED, secret)
    yield Odd("an encrypted private key as a request", pem(sealed), MALFORMED, secret)
    both = key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode() + pem(signed(info()))
    yield Odd("a private key and its request", both, MALFORMED, secret)
    certificate = _certificate()
    yield Odd("a certificate", pem(certificate, "CERTIFICATE"), MALFORMED, "This is a certificate")
    yield Odd("a certificate as a request", pem(certificate), MALFORMED, "This is a certificate")
    public = forge.spki(key().public_key())
    yield Odd("a public key", pem(public, "PUBLIC KEY"), MALFORMED, "This is a public key")
    yield Odd("a public key as a request", pem(public), MALFORMED, "This is a public key")
    wrapped = sequence(oid("1.2.840.113549.1.7.2"), tlv(0xA0, sequence(signed(info()))))
    yield Odd("a request in PKCS #7", pem(wrapped, "NEW CERTIFICATE REQUEST"), MALFORMED, "This is PKCS #7")
    yield Odd("PKCS #7", pem(wrapped, "PKCS7"), MALFORMED, "This is PKCS #7")
    yield Odd("another block", pem(b"\x30\0", "X509 CRL"), MALFORMED, "None of the PEM blocks")


def _certificate() -> bytes:
    name = x509.Name([])
    day = datetime(2026, 1, 1, tzinfo=UTC)
    made: Any = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key().public_key())
    made = made.serial_number(7).not_valid_before(day).not_valid_after(day)
    return bytes(made.sign(key(), hashes.SHA256()).public_bytes(Encoding.DER))
