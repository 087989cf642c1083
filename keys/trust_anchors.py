"""The chain and the root of each certificate: edges, connectors and clients must share a root (the vendor's rule)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from cryptography import x509

from keys.models import SigningCertificate


def up_from(record: SigningCertificate) -> Iterator[SigningCertificate]:
    """The certificate and those above it, up to its root: one query for each step that the instance does not know."""
    found: SigningCertificate | None = record
    while found is not None:
        yield found
        if found.parent_id is not None and not SigningCertificate.parent.is_cached(found):
            # Without the sealed private key.
            found.parent = SigningCertificate.objects.only("der", "parent").get(pk=found.parent_id)
        found = found.parent


def chain_of(record: SigningCertificate) -> list[x509.Certificate]:
    """The certificates of `up_from`. Raises ValueError when one cannot be parsed."""
    return [x509.load_der_x509_certificate(bytes(each.der)) for each in up_from(record)]


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


def anchors() -> dict[int, str]:
    """SHA-256 (hex) of the public key of each certificate's root, which is what key texts pin.

    A root that was renewed with its key pair is the same anchor.
    """
    return dict(SigningCertificate.objects.complete().values_list("pk", "trust_anchor_sha256"))


def sharing(certificate_id: int) -> tuple[list[int], list[int]]:
    """The certificates with the root of this one, which its edges accept, and those with a different root."""
    found = anchors()
    mine = [pk for pk, anchor in found.items() if anchor == found.get(certificate_id)]
    return mine, [pk for pk in found if pk not in set(mine)]


def with_different_root() -> dict[int, int]:
    """Certificates whose root is not the most common one (ties: the older root), each with the most common root."""
    found = roots()
    if not found:
        return {}
    sizes = Counter(found.values())
    common = min(sizes, key=lambda root: (-sizes[root], root))
    return {pk: common for pk, root in found.items() if root != common}
