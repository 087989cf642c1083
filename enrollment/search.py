"""Search for edges and certificates by identifiers. Each condition uses an index."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from enrollment.models import IssuedCertificate, ServiceEdge
from keys.crypto import tokens
from keys.models import SigningCertificate
from portal import identifiers
from portal.sort_names import sort_name

_MOST = 100


def certificates(term: str) -> list[Q]:
    """Conditions on issued certificates: the serial, or the start of the SHA-256 fingerprint."""
    digits, serials = identifiers.hexadecimal(term), identifiers.serials(term)
    conditions = [identifiers.beginning("fingerprint", digits)] if digits else []
    if serials:
        # The index of serials begins with the issuer, and issuers are few.
        issuers = list(SigningCertificate.objects.values_list("pk", flat=True))
        conditions.append(Q(issuer__in=issuers, serial__in=serials))
    return conditions


def edges(term: str) -> list[Q]:
    """Conditions on edges: the UUID, the key's public id, and the serial or fingerprint of a certificate."""
    digits = identifiers.hexadecimal(term)
    public_id = tokens.public_id_in(term) or digits
    conditions = [identifiers.beginning("key_public_id", public_id)] if public_id else []
    conditions += edges_by_uuid(term)
    issued = IssuedCertificate.objects.order_by()
    found = [pk for each in certificates(term) for pk in issued.filter(each).values_list("edge_id", flat=True)[:_MOST]]
    return [*conditions, Q(pk__in=found)] if found else conditions


def edges_by_uuid(term: str) -> list[Q]:
    """Conditions on edges: the UUID or its beginning."""
    digits = identifiers.hexadecimal(term)
    return [identifiers.uuid_beginning("uuid", digits)] if digits and len(digits) <= 32 else []


def edges_named(term: str) -> QuerySet[ServiceEdge]:
    """Edges with this name, in any case."""
    return ServiceEdge.objects.order_by().filter(sort_name=sort_name(term.strip().replace("\0", "")))


def keys_of_edges_named(term: str) -> list[str]:
    """Public ids of the keys that edges with this name, in any case, enrolled with."""
    return list(edges_named(term).values_list("key_public_id", flat=True).distinct()[:_MOST])
