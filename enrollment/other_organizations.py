"""Certificates whose organization is not CUSTOMER_ID, because the setting was changed since."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from cryptography import x509
from cryptography.x509.oid import NameOID
from django.db.models import Func, Q, QuerySet, TextField, Value
from django.db.models.lookups import Lookup

from enrollment.models import IssuedCertificate


class _Hex(Func):
    """A column of bytes as hexadecimal digits. SQLite's are capitals, and its LIKE ignores case."""

    function = "HEX"
    output_field = TextField()

    def as_postgresql(self, compiler: Any, connection: Any, **options: Any) -> Any:
        return self.as_sql(compiler, connection, template="encode(%(expressions)s, 'hex')", **options)


class _Like(Lookup):
    """SQL's LIKE, in which `_` matches any one character."""

    lookup_name = "like"

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        (left, left_values), (right, right_values) = (
            self.process_lhs(compiler, connection),
            self.process_rhs(compiler, connection),
        )
        return f"{left} LIKE {right}", (*left_values, *right_values)


def named_otherwise(organization: str, now: datetime) -> QuerySet[IssuedCertificate]:
    """The current certificate of each edge, where it names another organization.

    No column holds the organization, so the database searches the certificates: a million take some seconds.
    """
    named = Q()
    for pattern in _patterns(organization):
        named |= Q(_Like(_Hex("der"), Value(pattern)))
    current = IssuedCertificate.objects.in_force(now).filter(renewals=None)
    return current.exclude(named)


def _patterns(organization: str) -> list[str]:
    """Patterns for the DER of a certificate whose subject starts with this organization.

    The subject follows the end of the validity, whose last character is Z (5a), and is a SEQUENCE (30) of any length.
    """
    name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization)]).public_bytes()
    # Without the tag and the length. Above 128, the first byte of a length gives the number of bytes that follow.
    part = name[2:] if name[1] < 128 else name[2 + (name[1] & 0x7F) :]
    return [f"%5a30{length}{part.hex()}%" for length in ("__", "81__", "82____")]
