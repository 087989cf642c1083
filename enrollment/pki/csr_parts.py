"""Parsing a certificate request (PKCS #10, RFC 2986) into its parts. Pure.

`cryptography` does not name the fault of a request, and refuses some that OpenSSL verifies: without attributes, with
attributes out of order, with a subject that its string type does not allow. The parts that are used are parsed
strictly. Of the others (the subject, attributes other than requested extensions) only the structure is checked.
"""

from __future__ import annotations

from dataclasses import dataclass

from enrollment.pki import der
from enrollment.pki.csr_text import OTHERS, PRIVATE_KEY
from enrollment.pki.der import Element, NotDER
from portal.numbers import counted

_EXTENSION_REQUESTS = frozenset({"1.2.840.113549.1.9.14", "1.3.6.1.4.1.311.2.1.14"})
_PKCS7 = "1.2.840.113549.1.7."
_ENCRYPTED_KEY = ("1.2.840.113549.1.5.", "1.2.840.113549.1.12.1.")


@dataclass(frozen=True, slots=True)
class Algorithm:
    """An AlgorithmIdentifier: the dotted object identifier, and the parameters or None."""

    oid: str
    parameters: Element | None


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of a request that are used.

    `info` holds the signed bytes, `key` the SubjectPublicKeyInfo with its `key_algorithm` and `key_bits`. Each of the
    `extensions` is an object identifier with the content of the extension.
    """

    info: bytes
    key: Element
    key_algorithm: Algorithm
    key_bits: Element
    signature_algorithm: Algorithm
    signature: bytes
    extensions: tuple[tuple[str, Element], ...]


def take_apart(request: bytes) -> Parts:
    """Parse a request in DER. Raises NotDER with the place and the reason."""
    outer = der.inside(der.whole(request, der.SEQUENCE, "the request"), "part of the request")
    _require_pkcs10(outer)
    if len(outer) != 3:
        raise NotDER(f"The request has {counted(len(outer), 'part')}; PKCS #10 has 3 (RFC 2986 section 4.2).")
    info, signature_algorithm, signature = outer
    der.require(signature_algorithm, der.SEQUENCE, "the signature algorithm")
    version, subject, key, *rest = _info(info)
    if version.value != b"\0":
        number = int.from_bytes(version.value, signed=True) if len(version.value) == 1 else "a longer number"
        raise NotDER(f"The version at byte {version.start} is {number}; PKCS #10 has only 0, which is v1 (RFC 2986).")
    _require_name(subject)
    key_parts = der.inside(key, "part of the public key")
    if len(key_parts) != 2:
        raise NotDER(
            f"The public key at byte {key.start} has {counted(len(key_parts), 'part')}, not 2 (RFC 5280 section 4.1)."
        )
    return Parts(
        info=info.raw,
        key=key,
        key_algorithm=_algorithm(key_parts[0], "the key algorithm"),
        key_bits=key_parts[1],
        signature_algorithm=_algorithm(signature_algorithm, "the signature algorithm"),
        signature=_whole_bytes(signature, "the signature"),
        extensions=tuple(_extensions(rest[0])) if rest else (),
    )


def _require_pkcs10(outer: list[Element]) -> None:
    """Raise NotDER for other files that are sent by mistake, such as a private key, and name them."""
    first = outer[0] if outer else None
    if first is None:
        raise NotDER("The request is an empty SEQUENCE.")
    inner = der.inside(first, "part of the request") if first.tag == der.SEQUENCE else []
    tags = [each.tag for each in outer]
    # PKCS #8, PKCS #12 and SEC 1 start with a version; PKCS #1 is a list of numbers.
    in_the_clear = first.tag == der.INTEGER and (tags[1:2] in ([der.SEQUENCE], [der.OCTET_STRING]) or len(tags) >= 6)
    if in_the_clear or (inner and _starts_with(inner[0], _ENCRYPTED_KEY)):
        raise NotDER(PRIVATE_KEY)
    if _starts_with(first, (_PKCS7,)):
        raise NotDER(OTHERS["PKCS7"])
    if inner and inner[0].tag == der.CONTEXT_0:
        raise NotDER(OTHERS["CERTIFICATE"])
    if tags == [der.SEQUENCE, der.BIT_STRING]:
        raise NotDER(OTHERS["PUBLIC KEY"])


def _starts_with(element: Element, prefixes: tuple[str, ...]) -> bool:
    return element.tag == der.OID and der.dotted(element, "the type").startswith(prefixes)


def _info(info: Element) -> list[Element]:
    """The version, the subject, the public key and, if present, the attributes."""
    der.require(info, der.SEQUENCE, "the request information")
    found = der.inside(info, "part of the request information")
    tags = (der.INTEGER, der.SEQUENCE, der.SEQUENCE, der.CONTEXT_0)
    whats = ("the version", "the subject", "the public key", "the attributes")
    for element, tag, what in zip(found, tags, whats, strict=False):
        der.require(element, tag, what)
    if not 3 <= len(found) <= 4:
        raise NotDER(
            f"The request information has {counted(len(found), 'part')}; there are version, subject, key, attributes."
        )
    return found


def _require_name(subject: Element) -> None:
    for relative in der.inside(subject, "part of the subject"):
        der.require(relative, der.SET, "part of the subject")
        for pair in der.inside(relative, "attribute of the subject"):
            der.require(pair, der.SEQUENCE, "an attribute of the subject")
            der.inside(pair, "attribute of the subject")


def _algorithm(element: Element, what: str) -> Algorithm:
    der.require(element, der.SEQUENCE, what)
    parts = der.inside(element, what)
    if not 1 <= len(parts) <= 2:
        raise NotDER(
            f"At byte {element.start} {what} has {counted(len(parts), 'part')}, not an identifier and parameters."
        )
    return Algorithm(der.dotted(parts[0], what), parts[1] if len(parts) == 2 else None)


def _whole_bytes(element: Element, what: str) -> bytes:
    der.require(element, der.BIT_STRING, what)
    if element.value[:1] != b"\0":
        raise NotDER(f"The BIT STRING at byte {element.start} ({what}) does not hold whole bytes.")
    return element.value[1:]


def _extensions(attributes: Element) -> list[tuple[str, Element]]:
    """The object identifier and the content of each requested extension."""
    requests = []
    for attribute in der.inside(attributes, "attribute"):
        der.require(attribute, der.SEQUENCE, "an attribute")
        parts = der.inside(attribute, "part of an attribute")
        if len(parts) != 2:
            raise NotDER(
                f"The attribute at byte {attribute.start} has {counted(len(parts), 'part')}, not a type and its values."
            )
        der.require(parts[1], der.SET, "the values of an attribute")
        if der.dotted(parts[0], "the type of an attribute") in _EXTENSION_REQUESTS:
            requests.append(parts[1])
    if len(requests) > 1:
        raise NotDER(f"Extensions are requested twice, again at byte {requests[1].start}. Put all into one attribute.")
    return _extensions_in(requests[0]) if requests else []


def _extensions_in(values: Element) -> list[tuple[str, Element]]:
    lists = der.inside(values, "list of requested extensions")
    if len(lists) != 1:
        raise NotDER(
            f"The extension request at byte {values.start} has {counted(len(lists), 'value')}; it must have one."
        )
    der.require(lists[0], der.SEQUENCE, "the list of requested extensions")
    found: list[tuple[str, Element]] = []
    for extension in der.inside(lists[0], "requested extension"):
        der.require(extension, der.SEQUENCE, "a requested extension")
        parts = der.inside(extension, "part of a requested extension")
        if not 2 <= len(parts) <= 3:
            raise NotDER(
                f"The requested extension at byte {extension.start} has {counted(len(parts), 'part')}, not 2 or 3."
            )
        if len(parts) == 3:
            der.require(parts[1], der.BOOLEAN, "the critical flag of a requested extension")
        der.require(parts[-1], der.OCTET_STRING, "the content of a requested extension")
        found.append((der.dotted(parts[0], "the type of a requested extension"), parts[-1]))
    return found
