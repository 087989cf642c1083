"""Parsing an upload: certificates and at most one private key. Each fault has a code. Pure: no Django.

It reads PEM as mail, editors and consoles change it (BOM, UTF-16, joined lines, text in between), DER, PKCS #7 and
PKCS #12 (RFC 7468, RFC 2315, RFC 7292), and several of these one after the other.
"""

from __future__ import annotations

import base64
import binascii
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7, pkcs12

from keys.crypto import ber
from keys.crypto.authority_rules import MOST_BITS
from keys.crypto.ca_certificates import PrivateKey
from keys.errors import BadCertificate

MOST_CERTIFICATES = 10
MOST_BYTES = 64 * 1024
# Bytes. An RSA key of 8,192 bits takes 4,800 in PKCS #8.
_LONGEST_KEY = 5200
_CERTIFICATE_LABELS = ("CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE", "PKCS7", "PKCS #7 SIGNED DATA", "CMS")
_REQUEST_LABELS = ("CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST")
_KEY_LABEL = "PRIVATE KEY"
# The dashes at the end are not consumed, because two markers on one line may share them.
_MARKER = re.compile(r"-----(BEGIN|END) ([A-Z0-9][A-Z0-9 .#]{0,40}?)(?=-----)")
_QUOTED = re.compile(r"(?m)^[ \t]*(?:[>|][ \t]*)+")
_ENCRYPTED = "4,ENCRYPTED"
# The library parses lazily, so reading any part may raise one of these. KeyError: a TLS feature that it does not know.
PARSER_ERRORS = (
    ValueError, TypeError, UnsupportedAlgorithm, x509.DuplicateExtension, x509.InvalidVersion,
    x509.UnsupportedGeneralNameType, KeyError,
)  # fmt: skip
Given = bytes | Sequence[bytes]


@dataclass(frozen=True, slots=True)
class Bundle:
    """The content of an upload: the certificates in their order, and the private key or None."""

    certificates: list[x509.Certificate]
    private_key: PrivateKey | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class _Piece:
    """A PEM block with its `label` and the `text` between its BEGIN and END lines, or a DER file without both."""

    label: str
    data: bytes = field(repr=False)
    text: str = field(default="", repr=False)


def read(certificates: Given, private_key: Given = b"", password: str = "") -> Bundle:
    """Parse an upload. The key may be in either field. `password` opens PKCS #12 files and encrypted keys.

    Raises BadCertificate.
    """
    if "\0" in password:
        # The library panics, and no tool makes such a password.
        raise BadCertificate("password_wrong", "password")
    pieces = [*_pieces(certificates), *(keys := _pieces(private_key))]
    bundle = Bundle([])
    found: list[PrivateKey] = []
    for piece in pieces:
        content = _content_type(piece)
        if content == "pkcs12":
            certificates_of, key = _pkcs12(piece.data, password)
            bundle.certificates.extend(certificates_of)
            found += [key] if key else []
        elif content == "key":
            found.append(_private_key(piece, password))
        elif content in {"certificate", "pkcs7"}:
            bundle.certificates.extend(_certificates(piece, content, len(bundle.certificates) + 1))
        if len(bundle.certificates) > MOST_CERTIFICATES:
            raise BadCertificate("certificate_too_large", most=MOST_CERTIFICATES, kilobytes=MOST_BYTES // 1024)
    if not bundle.certificates:
        is_request = any(piece.label in _REQUEST_LABELS for piece in pieces)
        raise BadCertificate("certificate_is_request" if is_request else "certificate_missing")
    if any(each.public_key() != found[0].public_key() for each in found):
        raise BadCertificate("key_repeated", "private_key")
    parts = [private_key] if isinstance(private_key, bytes) else private_key
    if any(part.strip() for part in parts) and not any(_content_type(piece) in {"key", "pkcs12"} for piece in keys):
        raise BadCertificate("key_unreadable", "private_key")
    return Bundle(bundle.certificates, found[0] if found else None)


def public_part(given: Given) -> str:
    """The readable certificates of an upload as PEM, which a form may show again. No other part of it is returned.

    A PKCS #12 file returns nothing, because it holds a private key.
    """
    try:
        pieces = [piece for piece in _pieces(given) if _content_type(piece) in {"certificate", "pkcs7"}]
    except BadCertificate:
        return ""
    shown: list[str] = []
    for piece in pieces:
        try:
            found = _certificates(piece, _content_type(piece), 1)
        except BadCertificate:
            continue
        shown += [each.public_bytes(Encoding.PEM).decode() for each in found]
    return "".join(dict.fromkeys(shown[:MOST_CERTIFICATES]))


def _pieces(given: Given) -> list[_Piece]:
    parts = [given] if isinstance(given, bytes) else given
    if sum(map(len, parts)) > MOST_BYTES:
        raise BadCertificate("certificate_too_large", most=MOST_CERTIFICATES, kilobytes=MOST_BYTES // 1024)
    return [piece for part in parts for piece in _pieces_of(part)]


def _pieces_of(data: bytes) -> Iterator[_Piece]:
    while ber.looks_like_der(data):
        try:
            end = ber.element(data).end
        except ber.Malformed:
            end = len(data)
        yield _Piece("", data[:end])
        data = data[end:].lstrip()
    text = _plain(data)
    if _MARKER.search(text):
        yield from _blocks(text)
    elif ber.looks_like_der((bare := _block("", text)).data):
        # Base64 without BEGIN and END lines, as in EST and in SAML metadata.
        yield _Piece("", bare.data)


def _plain(data: bytes) -> str:
    """The text of a file in UTF-8 or UTF-16, without invisible characters and quotation marks of mail."""
    dashes = data.find(b"-\0-\0-\0")
    codec = "utf-8" if dashes < 0 else "utf-16-be" if dashes % 2 else "utf-16-le"
    text = data.decode(codec, errors="replace").replace("\\r", "").replace("\\n", "\n").replace("\xa0", " ")
    return _QUOTED.sub("", "".join(each for each in text if unicodedata.category(each) != "Cf"))


def _blocks(text: str) -> Iterator[_Piece]:
    """Yield each PEM block (RFC 7468). The text between blocks is ignored. A block without an end has no data."""
    label, begin = "", 0
    for marker in _MARKER.finditer(text):
        if label and (marker[1], marker[2]) == ("END", label):
            yield _block(label, text[begin : marker.start()].lstrip("-"))
            label = ""
        elif marker[1] == "BEGIN":
            if label:
                yield _Piece(label, b"")
            label, begin = marker[2], marker.end()
        elif not label:
            yield _Piece(marker[2], b"")
    if label:
        yield _Piece(label, b"")


def _block(label: str, text: str) -> _Piece:
    lines = [line.strip() for line in text.splitlines()]
    encoded = "".join("".join(line.split()) for line in lines if ":" not in line).rstrip("=")
    try:
        data = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except (binascii.Error, ValueError):
        data = b""
    return _Piece(label, data, "\n".join(lines).strip())


def _content_type(piece: _Piece) -> str:
    """ "certificate", "pkcs7", "pkcs12", "key" or "", by the structure: labels and file names are often wrong."""
    if piece.label.endswith(_KEY_LABEL):
        return "key"
    if piece.label and piece.label not in (*_CERTIFICATE_LABELS, "PKCS12"):
        return ""
    try:
        inside = list(ber.elements(ber.element(piece.data).content))
    except ber.Malformed:
        return "certificate"
    tags = [each.tag for each in inside[:2]]
    if tags[:1] == [0x06]:
        return "pkcs7"
    if tags[:1] == [ber.INTEGER]:
        return "pkcs12" if inside[0].content == b"\x03" and tags[1:] == [ber.SEQUENCE] else "key"
    return "key" if tags == [ber.SEQUENCE, ber.OCTETS] else "certificate"


def _certificates(piece: _Piece, content: str, number: int) -> list[x509.Certificate]:
    try:
        if content == "pkcs7":
            found = pkcs7.load_der_pkcs7_certificates(piece.data)
        else:
            # A "TRUSTED CERTIFICATE" of OpenSSL has OpenSSL's own data after the certificate.
            found = [x509.load_der_x509_certificate(piece.data[: ber.element(piece.data).end])]
    except PARSER_ERRORS:
        code = "pkcs7_unreadable" if content == "pkcs7" else _other_file(piece) or "certificate_unreadable"
        raise BadCertificate(code, number=number) from None
    for at, certificate in enumerate(found):
        _require_readable(certificate, number + at)
    return found


def _other_file(piece: _Piece) -> str:
    """The fault of a request or a revocation list, which have the structure of a certificate, or ""."""
    others: tuple[tuple[str, Callable[[bytes], object]], ...] = (
        ("certificate_is_request", x509.load_der_x509_csr),
        ("certificate_missing", x509.load_der_x509_crl),
    )
    for code, load in others:
        try:
            load(piece.data)
        except PARSER_ERRORS:
            continue
        return code
    return ""


def _require_readable(certificate: x509.Certificate, number: int) -> None:
    """Read each part that the library parses lazily. Raises BadCertificate for the first part that is unreadable."""
    parts: tuple[tuple[str, Callable[[], object]], ...] = (
        ("certificate_extension_unreadable", lambda: certificate.extensions),
        ("certificate_algorithm_unknown", certificate.public_key),
        ("certificate_algorithm_unknown", lambda: certificate.signature_hash_algorithm),
        ("certificate_unreadable", lambda: (certificate.not_valid_before_utc, certificate.not_valid_after_utc)),
        (
            "certificate_name_unreadable",
            lambda: [each.rfc4514_string() for each in (certificate.subject, certificate.issuer)],
        ),
    )
    for code, read_part in parts:
        try:
            read_part()
        except PARSER_ERRORS:
            raise BadCertificate(code, number=number) from None


def _pkcs12(data: bytes, password: str) -> tuple[list[x509.Certificate], PrivateKey | None]:
    # "from None" throughout: an exception of the library could show the file or its password.
    _require_affordable(data)
    if ber.largest_secret(data) > _LONGEST_KEY:
        raise BadCertificate("key_too_large", "private_key", most=f"{MOST_BITS:,}")
    try:
        store = pkcs12.load_pkcs12(data, password.encode() or None)
    except PARSER_ERRORS:
        raise BadCertificate("password_wrong" if password else "password_missing", "password") from None
    given = [each.certificate for each in (store.cert, *store.additional_certs) if each]
    for number, certificate in enumerate(given, start=1):
        _require_readable(certificate, number)
    return given, None if store.key is None else _usable(store.key)


def _private_key(piece: _Piece, password: str) -> PrivateKey:
    # "from None" throughout: an exception of the library could show the key.
    is_encrypted = piece.label.startswith("ENCRYPTED") or _ENCRYPTED in piece.text.replace(" ", "")
    if not piece.label:
        # An EncryptedPrivateKeyInfo in DER starts with its algorithm (RFC 5958 §3).
        is_encrypted = is_encrypted or ber.element(piece.data).content[:1] == b"\x30"
    if is_encrypted and not password:
        raise BadCertificate("key_encrypted", "private_key")
    if is_encrypted:
        _require_affordable(piece.data)
    secret = password.encode() if is_encrypted else None
    _usable(_loaded(piece, secret, unchecked=True))
    return _usable(_loaded(piece, secret))


def _loaded(piece: _Piece, secret: bytes | None, *, unchecked: bool = False) -> object:
    options = {"unsafe_skip_rsa_key_validation": unchecked}
    try:
        if _ENCRYPTED in piece.text.replace(" ", ""):
            text = f"-----BEGIN {piece.label}-----\n{piece.text}\n-----END {piece.label}-----\n"
            return serialization.load_pem_private_key(text.encode(), secret, **options)
        return serialization.load_der_private_key(piece.data, secret, **options)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        if secret is None:
            raise BadCertificate("key_unreadable", "private_key") from None
        raise BadCertificate("password_wrong", "password") from None


def _usable(key: object) -> PrivateKey:
    """The key, if it is EC or RSA of an allowed size. It is checked first: testing 16,384 bits takes minutes."""
    if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        found = type(key).__name__.removesuffix("PrivateKey")
        raise BadCertificate("unsupported_key", "private_key", what="The private key", key=found)
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size > MOST_BITS:
        raise BadCertificate("key_too_large", "private_key", most=f"{MOST_BITS:,}")
    return key


def _require_affordable(data: bytes) -> None:
    if ber.rounds(data) > ber.MOST_ROUNDS:
        raise BadCertificate("key_too_slow", "private_key", most=f"{ber.MOST_ROUNDS:,}")
