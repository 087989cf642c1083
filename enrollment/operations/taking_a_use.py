"""The durable part of an enrollment: the use, the edge, its certificate and the audit event, all or nothing.

One statement on PostgreSQL; on SQLite, from the same pieces, a short immediate transaction that those who wait share.
The UPDATE repeats every condition that was judged at the look-up; zero rows mean that one of them no longer holds.
"""

from __future__ import annotations

import functools
import uuid
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from typing import Any

from django.db import DatabaseError, connection, transaction

from enrollment.operations.attempt import EnrollmentAttempt
from enrollment.operations.shared_commit import SharedTransaction
from enrollment.pki.issuance import Identity, Issued
from keys.crypto.ca_certificates import ISSUER_MUST_LIVE
from portal import audit
from portal.database import fetch_first

# The "+ 0" keeps the planner at the primary key: where all keys share a certificate, its index finds all keys.
_TAKE_USE = """
UPDATE keys_provisioningkey
SET uses = uses + 1, last_used_at = %(now)s, last_used_by = name || '-' || (uses + 1)
WHERE id = %(key_id)s AND version = %(key_version)s AND enabled AND uses < max_uses
  AND (expires_at IS NULL OR expires_at > %(now)s)
  AND group_id + 0 = %(group_id)s AND signing_certificate_id + 0 = %(issuer_id)s
  AND EXISTS (SELECT 1 FROM keys_serviceedgegroup g WHERE g.id = %(group_id)s AND g.enabled)
  AND EXISTS (SELECT 1 FROM keys_signingcertificate c
              WHERE c.id = %(issuer_id)s AND c.enabled AND c.sealed_with IS NOT NULL
                AND c.not_before <= %(now)s AND c.not_after >= %(issuer_needed_until)s)
RETURNING uses, name, sort_name
"""
_EDGE = {
    "uuid": "%(uuid)s",
    "name": "used.name || '-' || used.uses",
    "sort_name": "used.sort_name || '-' || used.uses",
    "description": "''",
    "enabled": "TRUE",
    "group_id": "%(group_id)s",
    "key_public_id": "%(key_public_id)s",
    "key_name": "used.name",
    "key_sort_name": "used.sort_name",
    "use_number": "used.uses",
    "enrolled_at": "%(now)s",
    "enrolled_from": "%(client_ip)s",
    "certificate_until": "%(not_after)s",
}
_CERTIFICATE = {
    "edge_id": "edge.id",
    "issuer_id": "%(issuer_id)s",
    "serial": "%(serial)s",
    "spki_sha256": "%(spki_sha256)s",
    "fingerprint": "%(certificate_fingerprint)s",
    "der": "%(der)s",
    "not_before": "%(not_before)s",
    "not_after": "%(not_after)s",
    "issued_at": "%(now)s",
    "revocation_reason": "''",
}
_shared = SharedTransaction()
_EVENT_NAME = {"object_name": "edge.name"}
# What PostgreSQL cannot infer from a bare parameter in a SELECT list.
_CASTS = {
    "uuid": "uuid", "enrolled_from": "inet", "client_ip": "inet", "at": "timestamptz", "enrolled_at": "timestamptz",
    "issued_at": "timestamptz", "not_before": "timestamptz", "not_after": "timestamptz", "der": "bytea",
    "certificate_until": "timestamptz",
    "detail": "jsonb", "group_id": "bigint", "issuer_id": "bigint",
}  # fmt: skip


def _insert(table: str, columns: Mapping[str, str], source: str) -> str:
    typed = connection.vendor == "postgresql"
    values = [
        f"CAST({value} AS {_CASTS.get(name, 'text')})" if typed and value.startswith("%(") else value
        for name, value in columns.items()
    ]
    return f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(values)} FROM {source}"


@functools.cache
def _event_columns(names: tuple[str, ...]) -> dict[str, str]:
    return {name: _EVENT_NAME.get(name, f"%(event_{name})s") for name in names}


@functools.cache
def _postgresql(event: tuple[str, ...]) -> str:
    return f"""
        WITH used AS ({_TAKE_USE}),
        edge AS ({_insert("enrollment_serviceedge", _EDGE, "used")} RETURNING id, name),
        certificate AS ({_insert("enrollment_issuedcertificate", _CERTIFICATE, "edge")}),
        event AS ({_insert("portal_auditevent", _event_columns(event), "edge")})
        SELECT name FROM edge
    """


@functools.cache
def _sqlite(event: tuple[str, ...]) -> tuple[str, str, str]:
    used = "(SELECT %(used_uses)s AS uses, %(used_name)s AS name, %(used_sort_name)s AS sort_name) used"
    edge = "(SELECT %(edge_id)s AS id, %(edge_name)s AS name) edge"
    return (
        f"{_insert('enrollment_serviceedge', _EDGE, used)} RETURNING id, name",
        _insert("enrollment_issuedcertificate", _CERTIFICATE, edge),
        _insert("portal_auditevent", _event_columns(event), edge),
    )


def record(attempt: EnrollmentAttempt, identity: Identity, issued: Issued) -> str | None:
    """Take one use and store edge, certificate and event. Returns the edge's name, or None when nothing was taken.

    Raises IntegrityError when the public key belongs to an edge already; then too nothing was taken.
    """
    event = _event(attempt, identity, issued)
    values = _values(attempt, identity, issued)
    values |= {f"event_{name}": value for name, value in event.items()}
    names = tuple(event)
    if connection.vendor == "postgresql":
        return _record_in_one_statement(_postgresql(names), values)
    work = functools.partial(_record_in_statements, _sqlite(names), values)
    if connection.in_atomic_block:
        with transaction.atomic():
            return work()
    return _shared.run(work)


def _event(attempt: EnrollmentAttempt, identity: Identity, issued: Issued) -> dict[str, Any]:
    detail = {
        "key_public_id": attempt.state.public_id,
        "key_name": attempt.state.name,
        "group": attempt.state.group,
        "serial": issued.serial,
        **attempt.judged.for_audit,
    }
    subject = audit.Subject("edge", str(identity.edge))
    row = audit.row(audit.Action.EDGE_ENROLLED, attempt.caller, subject, detail=detail, at=attempt.now)
    return _adapted(audit.detail_as_json(row))


def _values(attempt: EnrollmentAttempt, identity: Identity, issued: Issued) -> dict[str, Any]:
    state = attempt.state
    return _adapted(
        {
            "now": attempt.now,
            "issuer_needed_until": attempt.now + ISSUER_MUST_LIVE,
            "key_id": state.id,
            "key_version": state.version,
            "key_public_id": state.public_id,
            "group_id": state.group_id,
            "issuer_id": state.issuer_id,
            "uuid": identity.edge,
            "client_ip": attempt.caller.client_ip,
            "serial": issued.serial,
            "spki_sha256": attempt.judged.spki_sha256,
            "certificate_fingerprint": issued.fingerprint,
            "der": issued.der,
            "not_before": issued.not_before,
            "not_after": issued.not_after,
        }
    )


def _adapted(values: dict[str, Any]) -> dict[str, Any]:
    """SQLite keeps moments as text in UTC and UUIDs as 32 hexadecimal digits, as Django writes them."""
    if connection.vendor == "postgresql":
        return values
    return {name: _adapted_for_sqlite(value) for name, value in values.items()}


def _adapted_for_sqlite(value: Any) -> Any:
    if isinstance(value, datetime):
        return connection.ops.adapt_datetimefield_value(value)
    return value.hex if isinstance(value, uuid.UUID) else value


def _record_in_one_statement(statement: str, values: dict[str, Any]) -> str | None:
    # In a caller's transaction a savepoint keeps a refused insert from spoiling it; else the statement commits alone.
    scope: AbstractContextManager[Any] = transaction.atomic() if connection.in_atomic_block else nullcontext()
    with scope:
        row = fetch_first(statement, values)
    return row[0] if row else None


def _record_in_statements(statements: Iterable[str], values: dict[str, Any]) -> str | None:
    insert_edge, insert_certificate, insert_event = statements
    used = fetch_first(_TAKE_USE, values)
    if used is None:
        return None
    uses, name, sort_name = used
    edge = fetch_first(insert_edge, {**values, "used_uses": uses, "used_name": name, "used_sort_name": sort_name})
    if edge is None:
        raise DatabaseError("the edge was not inserted")
    values |= {"edge_id": edge[0], "edge_name": edge[1]}
    fetch_first(insert_certificate, values)
    fetch_first(insert_event, values)
    return str(edge[1])
