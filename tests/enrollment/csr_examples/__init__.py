"""Requests as common tools, devices, people and broken software make them, each with the expected result.

`openssl req -verify` checks the same requests, and mutations start from them.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.enrollment import raw_csr
from tests.enrollment.csr_examples.extensions import attributes, extensions
from tests.enrollment.csr_examples.files import other_files, texts
from tests.enrollment.csr_examples.parts import (
    ECDSA_SHA256,
    KEY,
    MALFORMED,
    SIGNATURE,
    Example,
    info,
    key,
    rsa_key,
    signed,
)
from tests.enrollment.raw_csr import oid, pem, sequence, set_of, tlv

_P256 = sequence(oid("1.2.840.10045.2.1"), oid("1.2.840.10045.3.1.7"))


@functools.cache
def all_examples() -> list[Example]:
    """All of them."""
    return [*extensions(), *attributes(), *encodings(), *texts(), *keys(), *signatures(), *other_files()]


def encodings() -> Iterator[Example]:
    """Bytes that are not DER, and DER that is not PKCS #10."""
    good, content = signed(info()), b"".join(raw_csr.parts_of(signed(info())))
    printable = sequence(set_of(sequence(oid("2.5.4.3"), tlv(0x13, b"edge_1"))))
    yield Example("an underscore in a PrintableString", pem(signed(info(subject=printable))))
    yield Example("a version of 2", pem(signed(info(version=b"\2\1\2"))), MALFORMED, "The version at byte 5 is 2;")
    yield Example("a negative version", pem(signed(info(version=b"\2\1\xff"))), MALFORMED, "is -1;")
    yield Example("a long version", pem(signed(info(version=tlv(2, b"\1" * 2000)))), MALFORMED, "is a longer number;")
    yield Example(
        "indefinite length", pem(b"\x30\x80" + content + b"\0\0"), MALFORMED, "at byte 1 is indefinite: this is BER"
    )
    inner = b"\x30\x80" + info()[3:] + b"\0\0"
    yield Example("indefinite length inside", pem(signed(inner)), MALFORMED, "is indefinite: this is BER")
    yield Example(
        "long length", pem(b"\x30\x83" + len(content).to_bytes(3) + content), MALFORMED, "at byte 1 has surplus octets"
    )
    yield Example("trailing bytes", pem(good + b"\0\0"), MALFORMED, "Surplus bytes follow the request at byte")
    yield Example("truncated", pem(good[:100]), MALFORMED, "Truncated at byte 100: the request at byte 0 needs")
    yield Example("a part too many", pem(signed(info(rest=b"\xa0\0\5\0"))), MALFORMED, "has 5 parts")
    yield Example(
        "a subject that is none",
        pem(signed(info(subject=tlv(0x0C, b"edge")))),
        MALFORMED,
        "the subject must be SEQUENCE, not UTF8String",
    )
    yield Example("nothing inside", pem(b"\x30\0"), MALFORMED, "empty SEQUENCE")
    yield Example("an absurd length", pem(b"\x30\x89" + b"\xff" * 9), MALFORMED, "longer than what is there")
    yield Example("a high tag", pem(b"\x3f\x82\x01\0"), MALFORMED, "tag number above 30")
    halves = sequence(info(), sequence(oid(ECDSA_SHA256)), tlv(3, b"\1" + b"x" * 70))
    yield Example("bits that are no bytes", pem(halves), MALFORMED, "does not hold whole bytes")


def keys() -> Iterator[Example]:
    """Keys of other algorithms, and other encodings of good keys."""
    numbers = sequence(raw_csr.integer(rsa_key().public_key().public_numbers().n), raw_csr.integer(65537))
    for name, parameters, code, says in (
        ("without NULL", b"", "", ""),
        ("with other parameters", sequence(), KEY, "they must be NULL"),
    ):
        public = sequence(sequence(oid(raw_csr.RSA_ENCRYPTION), parameters), raw_csr.bit_string(numbers))
        text = pem(raw_csr.sign(info(public=public), rsa_key()))
        yield Example(f"RSA {name}", text, code, says)
    point = key().public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    yield Example(
        "a compressed point",
        pem(signed(info(public=sequence(_P256, raw_csr.bit_string(point))))),
        KEY,
        "compressed point",
    )
    for curve, says in (
        (ec.SECP256K1(), "secp256k1"),
        (ec.SECP521R1(), "P-521"),
        (ec.BrainpoolP256R1(), "brainpoolP256r1"),
    ):
        yield Example(f"the curve {says}", raw_csr.request(ec.generate_private_key(curve)), KEY, f"on the curve {says}")
    implicit = sequence(sequence(oid("1.2.840.10045.2.1"), raw_csr.NULL), raw_csr.bit_string(b"\4" + bytes(64)))
    yield Example("a curve that is not named", pem(signed(info(public=implicit))), KEY, "is not named")
    for dotted, says in (
        ("1.3.101.112", "Ed25519"),
        ("1.2.840.113549.1.1.10", "for RSA-PSS only"),
        ("1.2.3", "not known"),
    ):
        public = sequence(sequence(oid(dotted)), raw_csr.bit_string(bytes(32)))
        yield Example(f"a key {says}", pem(signed(info(public=public))), KEY, says)


def signatures() -> Iterator[Example]:
    """Signatures of other algorithms."""
    yield Example("SHA-1", raw_csr.request(key(), digest=hashes.SHA1()), SIGNATURE, "SHA-1 signatures are not accepted")
    yield Example(
        "SHA-1 by RSA", raw_csr.request(rsa_key(), digest=hashes.SHA1()), SIGNATURE, "SHA-1 signatures are not accepted"
    )
    yield Example("MD5", raw_csr.request(rsa_key(), digest=hashes.MD5()), SIGNATURE, "MD5 signatures are not accepted")
    yield Example("RSA-PSS", pem(_pss()), SIGNATURE, "RSA-PSS signatures are not accepted")
    yield Example("an unknown algorithm", pem(signed(info(), algorithm="1.2.3.4")), SIGNATURE, "1.2.3.4 signatures")
    yield Example("another key's", pem(raw_csr.sign(info(), rsa_key())), SIGNATURE, "does not match the key")
    other = raw_csr.sign(info(), ec.generate_private_key(ec.SECP256R1()))
    yield Example("another key of its kind", pem(other), SIGNATURE, "The signature does not fit")
    yield Example("NULL for parameters", pem(signed(info(), raw_csr.NULL)))
    yield Example(
        "a curve for parameters", pem(signed(info(), oid("1.2.840.10045.3.1.7"))), MALFORMED, "must be absent or NULL"
    )


def _pss() -> bytes:
    made = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    scheme = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
    return made.sign(rsa_key(), hashes.SHA256(), rsa_padding=scheme).public_bytes(Encoding.DER)
