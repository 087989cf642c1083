"""Parsing the requests of edges. The structure is checked strictly; the operation judges the values."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest

from enrollment.errors import Refused
from enrollment.operations import Report
from enrollment.pki.proof import SignedRequest
from portal.client_ip import parse_address

LARGEST_BODY = 16 * 1024  # bytes
_MOST_DIGITS = 18
_SHORT = re.compile(r"[ -~]{0,64}")
_MOST_ADDRESSES = 16
_TRUST_ANCHOR = "trust_anchor_sha256"
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class EnrollRequest:
    """The members of an enrollment request. An empty `trust_anchor_sha256` accepts any root."""

    provisioning_key: str = field(repr=False)
    csr: str
    trust_anchor_sha256: str = ""


@dataclass(frozen=True, slots=True)
class RenewRequest:
    """The signed members of a renewal, and the pin of the root that the edge accepts, which is not signed."""

    signed: SignedRequest
    trust_anchor_sha256: str = ""


def read_body(request: HttpRequest) -> bytes:
    """The body of a request. Raises Refused: malformed_request, length_required, too_large."""
    # A query string is refused: a key in it would be in every log.
    if request.META.get("QUERY_STRING"):
        raise Refused("malformed_request")
    # A WSGI server shows a chunked body as an empty one.
    length = request.META.get("CONTENT_LENGTH", "")
    if "HTTP_TRANSFER_ENCODING" in request.META or not length:
        raise Refused("length_required")
    if not length.isascii() or not length.isdigit():
        raise Refused("malformed_request")
    # Python refuses to convert a text of thousands of digits.
    if len(length) > _MOST_DIGITS or int(length) > LARGEST_BODY:
        raise Refused("too_large")
    try:
        return request.read()
    except OSError:
        # The connection broke off in the body.
        raise Refused("malformed_request") from None


def read_enroll(request: HttpRequest) -> EnrollRequest:
    """The enrollment request. Raises Refused: unsupported_media_type, malformed_request and those of `read_body`."""
    return EnrollRequest(**_read_members(request, {"provisioning_key", "csr"}, _TRUST_ANCHOR))


def read_renew(request: HttpRequest) -> RenewRequest:
    """The renewal request. Raises as `read_enroll`."""
    members = _read_members(request, {"certificate", "csr", "issued_at", "signature"}, _TRUST_ANCHOR)
    return RenewRequest(_signed(members, "csr"), members.get(_TRUST_ANCHOR, ""))


def read_heartbeat(request: HttpRequest) -> SignedRequest:
    """The heartbeat. `read_report` parses its content once the signature is verified. Raises as `read_enroll`."""
    return _signed(_read_members(request, {"certificate", "body", "issued_at", "signature"}), "body")


def _signed(members: dict[str, str], content: str) -> SignedRequest:
    return SignedRequest(members["certificate"], members[content], members["issued_at"], members["signature"])


def read_report(text: str) -> Report:
    """Parse the content of a heartbeat: an object of version, platform and addresses, each optional.

    Raises Refused: malformed_request.
    """
    document = _parse(text)
    addresses = document.pop("addresses", [])
    version, platform = document.pop("version", ""), document.pop("platform", "")
    if document or not (_is_short(version) and _is_short(platform)):
        raise Refused("malformed_request")
    if not isinstance(addresses, list) or len(addresses) > _MOST_ADDRESSES:
        raise Refused("malformed_request")
    parsed = [parse_address(text) if isinstance(text, str) else None for text in addresses]
    if None in parsed:
        raise Refused("malformed_request")
    return Report(version, platform, tuple(map(str, parsed)))


def _is_short(text: object) -> bool:
    return isinstance(text, str) and _SHORT.fullmatch(text) is not None


def _read_members(request: HttpRequest, names: set[str], optional: str = "") -> dict[str, str]:
    # Only EST reads a key from a header. Here it would be a second one.
    if "HTTP_AUTHORIZATION" in request.META:
        raise Refused("malformed_request")
    body = read_body(request)
    if request.content_type != "application/json":
        raise Refused("unsupported_media_type")
    document = _parse(body)
    if set(document) - {optional} != names or not all(isinstance(value, str) for value in document.values()):
        raise Refused("malformed_request")
    if _TRUST_ANCHOR in document and not _SHA256.fullmatch(document[_TRUST_ANCHOR]):
        raise Refused("malformed_request")
    return document


def _parse(text: str | bytes) -> dict[str, Any]:
    try:
        document = json.loads(text, object_pairs_hook=_without_duplicates)
    except (ValueError, RecursionError):
        raise Refused("malformed_request") from None
    if not isinstance(document, dict):
        raise Refused("malformed_request")
    return document


def _without_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member is repeated")
    return members
