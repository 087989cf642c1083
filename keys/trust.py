"""Which certificates stand below which root: edges, connectors and clients must share one (the vendor's rule)."""

from __future__ import annotations

from collections import Counter

from keys.models import SigningCertificate


def roots() -> dict[int, int]:
    """The root of each certificate that is not pending, by ids, in one statement."""
    parents: dict[int, int | None] = dict(SigningCertificate.objects.complete().values_list("pk", "parent_id"))
    return {pk: _top(pk, parents) for pk in parents}


def _top(pk: int, parents: dict[int, int | None]) -> int:
    for _ in parents:
        parent = parents.get(pk)
        if parent is None:
            break
        pk = parent
    return pk


def strangers() -> dict[int, int]:
    """Certificates below another root than most, and that root of most; among equals the older root counts."""
    found = roots()
    if not found:
        return {}
    sizes = Counter(found.values())
    usual = min(sizes, key=lambda root: (-sizes[root], root))
    return {pk: usual for pk, root in found.items() if root != usual}


def apart_from(certificate_id: int | None) -> frozenset[int]:
    """Certificates below another root than this one or, without one, than most."""
    if certificate_id is None:
        return frozenset(strangers())
    found = roots()
    return frozenset(pk for pk, root in found.items() if root != found.get(certificate_id))
