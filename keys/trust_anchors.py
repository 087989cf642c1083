"""Which certificates stand below which root: edges, connectors and clients must share one (the vendor's rule)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from cryptography import x509

from keys.crypto.ca_certificates import spki_sha256
from keys.models import SigningCertificate


def chain_of(record: SigningCertificate) -> list[x509.Certificate]:
    """A certificate and those above it, from the record up to its root. Raises ValueError when one cannot be parsed."""
    return [x509.load_der_x509_certificate(der) for der in chain_ders(record)]


def chain_ders(record: SigningCertificate) -> Iterator[bytes]:
    """The same as DER, one query for each step up."""
    yield bytes(record.der)
    while record.parent_id is not None:
        # Without the sealed private keys of those above.
        record = SigningCertificate.objects.only("der", "parent").get(pk=record.parent_id)
        yield bytes(record.der)


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
    found = roots()
    ders = SigningCertificate.objects.filter(pk__in=set(found.values())).values_list("pk", "der")
    pins = {pk: spki_sha256(x509.load_der_x509_certificate(bytes(der))).hex() for pk, der in ders}
    return {pk: pins[root] for pk, root in found.items()}


def sharing(certificate_id: int) -> tuple[list[int], list[int]]:
    """The certificates that edges of this one accept, and those that they do not, because their root is another."""
    found = anchors()
    mine = [pk for pk, anchor in found.items() if anchor == found.get(certificate_id)]
    return mine, [pk for pk in found if pk not in set(mine)]


def with_different_root() -> dict[int, int]:
    """Certificates whose root is not the most common one (ties: the older root), each with the most common root."""
    found = roots()
    if not found:
        return {}
    sizes = Counter(found.values())
    usual = min(sizes, key=lambda root: (-sizes[root], root))
    return {pk: usual for pk, root in found.items() if root != usual}


def apart_from(certificate_id: int | None) -> frozenset[int]:
    """Certificates below another root than this one or, without one, than most."""
    if certificate_id is None:
        return frozenset(with_different_root())
    found = roots()
    return frozenset(pk for pk, root in found.items() if root != found.get(certificate_id))
