"""Reading what a machine sends: strict about form, silent about content."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from django.http import HttpRequest

from enrollment.errors import Refused

LARGEST_BODY = 16 * 1024
_MOST_DIGITS = 18
_MEMBERS = {"provisioning_key", "csr"}


@dataclass(frozen=True, slots=True)
class EnrollRequest:
    """The two members of an enrollment request."""

    provisioning_key: str = field(repr=False)
    csr: str


def read_body(request: HttpRequest) -> bytes:
    """The body, of known and bounded length. Raises Refused: malformed_request, length_required, too_large."""
    # A key in a URL ends up in logs; refuse it loudly instead of accepting it quietly.
    if request.META.get("QUERY_STRING"):
        raise Refused("malformed_request")
    # WSGI servers show a chunked body as an empty one, which would read as a missing field.
    length = request.META.get("CONTENT_LENGTH", "")
    if "HTTP_TRANSFER_ENCODING" in request.META or not length:
        raise Refused("length_required")
    if not length.isascii() or not length.isdigit():
        raise Refused("malformed_request")
    # Python refuses to convert thousands of digits.
    if len(length) > _MOST_DIGITS or int(length) > LARGEST_BODY:
        raise Refused("too_large")
    try:
        return request.read()
    except OSError:
        # The connection broke in the middle of the body.
        raise Refused("malformed_request") from None


def read_enroll(request: HttpRequest) -> EnrollRequest:
    """The enrollment request. Raises Refused: unsupported_media_type, malformed_request and those of `read_body`."""
    # A key in a header is what EST is for; here it would be one of two.
    if "HTTP_AUTHORIZATION" in request.META:
        raise Refused("malformed_request")
    body = read_body(request)
    if request.content_type != "application/json":
        raise Refused("unsupported_media_type")
    try:
        document = json.loads(body, object_pairs_hook=_without_duplicates)
    except (ValueError, RecursionError):
        raise Refused("malformed_request") from None
    if not isinstance(document, dict) or set(document) != _MEMBERS:
        raise Refused("malformed_request")
    if not all(isinstance(value, str) for value in document.values()):
        raise Refused("malformed_request")
    return EnrollRequest(**document)


def _without_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member stands twice")
    return members
