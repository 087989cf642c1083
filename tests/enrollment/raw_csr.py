"""PKCS #10 requests assembled by hand, for what the library does not write: raw DER, raw RSA, broken attributes."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

EXTENSION_REQUEST = "1.2.840.113549.1.9.14"
MICROSOFT_EXTENSION_REQUEST = "1.3.6.1.4.1.311.2.1.14"
CHALLENGE_PASSWORD = "1.2.840.113549.1.9.7"
RSA_ENCRYPTION = "1.2.840.113549.1.1.1"
NULL = b"\x05\x00"
_ECDSA = {
    "sha1": "1.2.840.10045.4.1",
    "sha224": "1.2.840.10045.4.3.1",
    "sha256": "1.2.840.10045.4.3.2",
    "sha384": "1.2.840.10045.4.3.3",
    "sha512": "1.2.840.10045.4.3.4",
}
_RSA = {
    "md5": "1.2.840.113549.1.1.4",
    "sha1": "1.2.840.113549.1.1.5",
    "sha256": "1.2.840.113549.1.1.11",
    "sha384": "1.2.840.113549.1.1.12",
    "sha512": "1.2.840.113549.1.1.13",
}


def tlv(tag: int, *parts: bytes) -> bytes:
    """One DER element."""
    content = b"".join(parts)
    if len(content) < 128:
        return bytes([tag, len(content)]) + content
    length = len(content).to_bytes((len(content).bit_length() + 7) // 8)
    return bytes([tag, 0x80 | len(length)]) + length + content


def sequence(*parts: bytes) -> bytes:
    return tlv(0x30, *parts)


def set_of(*parts: bytes) -> bytes:
    return tlv(0x31, *parts)


def integer(value: int) -> bytes:
    return tlv(0x02, value.to_bytes(value.bit_length() // 8 + 1))


def bit_string(value: bytes) -> bytes:
    return tlv(0x03, b"\x00", value)


def oid(dotted: str) -> bytes:
    first, second, *rest = map(int, dotted.split("."))
    encoded = bytes([first * 40 + second])
    for arc in rest:
        groups = [arc & 0x7F]
        while arc := arc >> 7:
            groups.insert(0, arc & 0x7F | 0x80)
        encoded += bytes(groups)
    return tlv(0x06, encoded)


def attribute(dotted: str, *values: bytes) -> bytes:
    return sequence(oid(dotted), set_of(*values))


def extension(value: x509.ExtensionType, critical: bool = False) -> bytes:
    flag = [b"\x01\x01\xff"] if critical else []
    return sequence(oid(value.oid.dotted_string), *flag, tlv(0x04, value.public_bytes()))


def extensions(*values: bytes) -> bytes:
    return sequence(*values)


def common_name(*names: str | bytes) -> bytes:
    """A subject with one RDN per name. Bytes are used unchanged."""
    encoded = [name if isinstance(name, bytes) else name.encode("utf-8", "surrogatepass") for name in names]
    return sequence(*(set_of(sequence(oid("2.5.4.3"), tlv(0x0C, name))) for name in encoded))


def spki(public_key: Any) -> bytes:
    return public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def info(public: bytes, *attributes: bytes, subject: bytes | None = None) -> bytes:
    """The part of a request that is signed."""
    return sequence(integer(0), subject or common_name("edge"), public, tlv(0xA0, *attributes))


def sign(tbs: bytes, key: Any, digest: hashes.HashAlgorithm | None = None) -> bytes:
    """A complete request over `tbs`."""
    digest = digest or hashes.SHA256()
    if isinstance(key, ec.EllipticCurvePrivateKey):
        algorithm = sequence(oid(_ECDSA[digest.name]))
        signature = key.sign(tbs, ec.ECDSA(digest))
    elif isinstance(key, rsa.RSAPrivateKey):
        algorithm = sequence(oid(_RSA[digest.name]), NULL)
        signature = key.sign(tbs, padding.PKCS1v15(), digest)
    else:
        algorithm, signature = sequence(oid(_RSA["sha256"]), NULL), key.sign(tbs)
    return sequence(tbs, algorithm, bit_string(signature))


def pem(der: bytes, label: str = "CERTIFICATE REQUEST") -> str:
    text = base64.b64encode(der).decode()
    lines = [text[start : start + 64] for start in range(0, len(text), 64)]
    return "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""])


def request(key: Any, *attributes: bytes, subject: bytes | None = None, digest: Any = None) -> str:
    """A well-signed PEM request with these raw attributes and subject."""
    return pem(sign(info(spki(key.public_key()), *attributes, subject=subject), key, digest))


def requesting(key: Any, *wanted: Iterable[bytes]) -> str:
    """A request whose extensionRequest attributes hold these lists of raw extensions."""
    return request(key, *(attribute(EXTENSION_REQUEST, extensions(*part)) for part in wanted))


def parts_of(der: bytes) -> list[bytes]:
    """The elements inside the outermost element."""
    content, found = _content(der), []
    while content:
        size = len(content) - len(_after(content))
        found.append(content[:size])
        content = content[size:]
    return found


def _header(der: bytes) -> tuple[int, int]:
    if der[1] < 128:
        return 2, der[1]
    count = der[1] & 0x7F
    return 2 + count, int.from_bytes(der[2 : 2 + count])


def _content(der: bytes) -> bytes:
    start, length = _header(der)
    return der[start : start + length]


def _after(der: bytes) -> bytes:
    start, length = _header(der)
    return der[start + length :]


@dataclass(frozen=True)
class RawRSA:
    """An RSA key of any shape, signing with nothing but arithmetic: the library refuses to make weak ones."""

    p: int
    q: int
    e: int = 65537

    @property
    def n(self) -> int:
        return self.p * self.q

    @property
    def order(self) -> int:
        return (self.p - 1) * (self.q - 1)

    def public_key(self) -> RawRSA:
        return self

    def public_bytes(self, *_: Any) -> bytes:
        key = sequence(integer(self.n), integer(self.e))
        return sequence(sequence(oid(RSA_ENCRYPTION), NULL), bit_string(key))

    def sign(self, message: bytes) -> bytes:
        size = (self.n.bit_length() + 7) // 8
        digest = sequence(sequence(oid("2.16.840.1.101.3.4.2.1"), NULL), tlv(0x04, hashlib.sha256(message).digest()))
        padded = b"\x00\x01" + b"\xff" * (size - len(digest) - 3) + b"\x00" + digest
        private = pow(self.e, -1, self.order)
        return pow(int.from_bytes(padded), private, self.n).to_bytes(size)
