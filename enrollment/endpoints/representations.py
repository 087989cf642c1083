"""The JSON bodies of the answers to edges. docs/enrollment.md describes them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from enrollment.operations.answer import Enrolled


def moment(value: datetime) -> str:
    """A UTC time as RFC 3339 in seconds, such as `2027-02-20T12:00:00Z`."""
    return value.strftime("%Y-%m-%dT%H:%M:%SZ")


def enrolled(result: Enrolled) -> dict[str, Any]:
    """The body of a 201 or 200. `chain` starts with the issuer and ends before the trust anchor."""
    return {
        "edge": {"id": str(result.edge_uuid), "name": result.edge_name, "group": result.group},
        "certificate": result.certificate,
        "chain": list(result.chain),
        "trust_anchor": result.trust_anchor,
        "not_after": moment(result.not_after),
        "renew_after": moment(result.renew_after),
        "ignored_extensions": list(result.ignored_extensions),
    }
