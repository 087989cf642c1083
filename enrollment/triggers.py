"""The triggers on edges, issued certificates and revocation lists. They hold for raw SQL and superusers too."""

from __future__ import annotations

from enrollment.models import IssuedCertificate, RevocationList, ServiceEdge
from portal.triggers import Trigger, differs

_CERTIFICATE = IssuedCertificate._meta.db_table
_EDGE = ServiceEdge._meta.db_table
_LIST = RevocationList._meta.db_table
_FIXED = (
    "edge_id", "issuer_id", "serial", "spki_sha256", "claims_key_pair", "renews_id", "replaces_id", "fingerprint",
    "der", "not_before", "not_after", "issued_at",
)  # fmt: skip
_IDENTITY = ("uuid", "key_public_id", "key_name", "use_number", "enrolled_at", "enrolled_from")

TRIGGERS = [
    Trigger("issued_certificate_is_not_deleted", _CERTIFICATE, "DELETE", "an issued certificate is kept for ever"),
    Trigger(
        "issued_certificate_is_not_changed",
        _CERTIFICATE,
        "UPDATE",
        "an issued certificate changes only by revocation",
        differs(_FIXED),
    ),
    Trigger(
        "issued_certificate_stays_revoked",
        _CERTIFICATE,
        "UPDATE",
        "a revoked certificate stays revoked",
        "OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS DISTINCT FROM OLD.revoked_at",
    ),
    Trigger(
        "renewed_key_pair_is_the_edges_own",
        _CERTIFICATE,
        "INSERT",
        "a key pair is renewed only by the edge it belongs to",
        "NOT NEW.claims_key_pair",
        "EXISTS (SELECT 1 FROM enrollment_issuedcertificate first WHERE first.spki_sha256 = NEW.spki_sha256"
        " AND first.edge_id = NEW.edge_id AND first.claims_key_pair)",
    ),
    Trigger(
        "renewal_is_of_the_same_edge",
        _CERTIFICATE,
        "INSERT",
        "a renewal belongs to the edge of the certificate it renews",
        "NEW.renews_id IS NOT NULL",
        "EXISTS (SELECT 1 FROM enrollment_issuedcertificate before"
        " WHERE before.id = NEW.renews_id AND before.edge_id = NEW.edge_id)",
    ),
    Trigger(
        "only_an_unused_renewal_is_replaced",
        _CERTIFICATE,
        "INSERT",
        "only a revoked renewal that was never presented is replaced, for the same key pair",
        "NEW.replaces_id IS NOT NULL",
        "EXISTS (SELECT 1 FROM enrollment_issuedcertificate before WHERE before.id = NEW.replaces_id"
        " AND before.edge_id = NEW.edge_id AND before.renews_id = NEW.renews_id"
        " AND before.spki_sha256 = NEW.spki_sha256 AND before.presented_at IS NULL"
        " AND before.revocation_reason = 'superseded')",
    ),
    Trigger(
        "issued_certificate_stays_presented",
        _CERTIFICATE,
        "UPDATE",
        "a certificate was presented first at one moment",
        "OLD.presented_at IS NOT NULL AND NEW.presented_at IS DISTINCT FROM OLD.presented_at",
    ),
    Trigger(
        "issued_certificate_stays_listed",
        _CERTIFICATE,
        "UPDATE",
        "a certificate stays listed since it was",
        "OLD.listed_at IS NOT NULL AND NEW.listed_at IS DISTINCT FROM OLD.listed_at",
    ),
    Trigger(
        "revocation_list_number_grows",
        _LIST,
        "INSERT",
        "the number of a revocation list is greater than the one before",
        unless="NOT EXISTS (SELECT 1 FROM enrollment_revocationlist l"
        " WHERE l.issuer_id = NEW.issuer_id AND l.number >= NEW.number)",
    ),
    Trigger("revocation_list_is_not_changed", _LIST, "UPDATE", "a signed revocation list is never changed"),
    Trigger("issued_certificates_are_not_truncated", _CERTIFICATE, "TRUNCATE", "issued certificates are kept for ever"),
    Trigger("edge_is_not_deleted", _EDGE, "DELETE", "an enrolled edge is marked deleted, its row is kept"),
    Trigger("edges_are_not_truncated", _EDGE, "TRUNCATE", "enrolled edges are marked deleted, their rows are kept"),
    Trigger(
        "edge_identity_is_fixed",
        _EDGE,
        "UPDATE",
        "an edge is one use of one key for ever",
        differs(_IDENTITY),
    ),
    Trigger(
        "edge_stays_deleted",
        _EDGE,
        "UPDATE",
        "a deleted edge stays deleted",
        "OLD.deleted_at IS NOT NULL AND NEW.deleted_at IS DISTINCT FROM OLD.deleted_at",
    ),
]
