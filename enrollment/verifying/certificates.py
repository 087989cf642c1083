"""Checking each certificate against its row, its edge, its issuer, the profile and its one audit event."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime

from cryptography import x509
from cryptography.x509.oid import NameOID
from django.conf import settings
from django.db.models import Count
from django.urls import reverse

from enrollment.models import IssuedCertificate
from enrollment.pki import key_policy, profile
from enrollment.verifying.faults import Fault, Tally, as_far_as_readable, batches
from keys.crypto.uploaded_pem import PARSER_ERRORS
from keys.models import SigningCertificate
from portal import audit_detail
from portal.audit_actions import Action
from portal.models import AuditEvent

# The lowest EDGE_RSA_MINIMUM_BITS that any version allowed.
_RSA_MINIMUM_BITS = 2048
_UNREADABLE = "it or its issuer's certificate cannot be read to the end"


def verify(since: datetime, tally: Tally) -> Iterator[Fault]:
    """Yield the faults of certificates issued from `since` on."""
    issuers: dict[int, SigningCertificate] = {}
    rows = IssuedCertificate.objects.select_related("edge").filter(issued_at__gte=since)
    for batch in batches(rows):
        tally.certificates += len(batch)
        events = _events_of(batch)
        twice = _serials_issued_twice(batch)
        for row in batch:
            issuer = issuers.get(row.issuer_id) or issuers.setdefault(row.issuer_id, row.issuer)
            found = [*as_far_as_readable(_faults(row, issuer), _UNREADABLE), *_event_faults(row, events)]
            found += ["its serial was issued twice"] if row.serial in twice else []
            yield from (Fault(f"certificate {row.serial}", what) for what in found)


def _serials_issued_twice(batch: Iterable[IssuedCertificate]) -> set[str]:
    """The serials of the batch that more than one certificate has, of whatever issuer: a serial has 150 random bits."""
    # The index starts with the issuer; without it the query would read every certificate.
    issuers = list(SigningCertificate.objects.values_list("pk", flat=True))
    known = IssuedCertificate.objects.filter(issuer__in=issuers, serial__in=[row.serial for row in batch]).order_by()
    return set(known.values("serial").annotate(times=Count("pk")).filter(times__gt=1).values_list("serial", flat=True))


def _events_of(batch: Iterable[IssuedCertificate]) -> Counter[tuple[str, str, str]]:
    """How often each (action, edge, serial) is in the audit log."""
    events = AuditEvent.objects.filter(
        object_kind="edge",
        object_id__in={str(row.edge.uuid) for row in batch},
        action__in=[Action.EDGE_ENROLLED, Action.EDGE_RENEWED],
    )
    columns = events.values_list("action", "object_id", "detail")
    return Counter((action, edge, str(audit_detail.fields(detail).get("serial"))) for action, edge, detail in columns)


def _event_faults(row: IssuedCertificate, events: Counter[tuple[str, str, str]]) -> Iterator[str]:
    action, other = Action.EDGE_ENROLLED, Action.EDGE_RENEWED
    if row.renews_id is not None:
        action, other = other, action
    edge = str(row.edge.uuid)
    times = events[(action, edge, row.serial)]
    if times != 1:
        yield f"{times} events {action.value} instead of 1"
    if events[(other, edge, row.serial)]:
        yield f"an event {other.value} that it cannot have"


def _faults(row: IssuedCertificate, issuer: SigningCertificate) -> Iterator[str]:
    der = bytes(row.der)
    if hashlib.sha256(der).hexdigest() != row.fingerprint:
        yield "its fingerprint is not the row's"
    try:
        certificate = x509.load_der_x509_certificate(der)
        authority = x509.load_der_x509_certificate(bytes(issuer.der))
        key = certificate.public_key()
    except PARSER_ERRORS:
        yield "it cannot be parsed"
        return
    if f"{certificate.serial_number:x}" != row.serial:
        yield "its serial is not the row's"
    if hashlib.sha256(bytes(issuer.der)).hexdigest() != issuer.fingerprint:
        yield "the fingerprint of its issuer is not the issuer's row's"
    yield from _name_faults(certificate.subject, row)
    yield from _time_faults(row, authority)
    if not isinstance(key, key_policy.PublicKey) or key_policy.fault_of(key, _RSA_MINIMUM_BITS):
        yield "its public key is none an edge may have"
        return
    if hashlib.sha256(key_policy.spki(key)).hexdigest() != row.spki_sha256:
        yield "its public key is not the row's"
    yield from _profile_faults(row, certificate, key, authority)


def _name_faults(subject: x509.Name, row: IssuedCertificate) -> Iterator[str]:
    expected = (
        (NameOID.ORGANIZATION_NAME, settings.CUSTOMER_ID, "its organization is not CUSTOMER_ID"),
        (NameOID.ORGANIZATIONAL_UNIT_NAME, str(row.edge.group_id), "its unit is not the edge's group"),
        (NameOID.COMMON_NAME, str(row.edge.uuid), "its common name is not the edge's UUID"),
    )
    for oid, value, what in expected:
        if [attribute.value for attribute in subject.get_attributes_for_oid(oid)] != [value]:
            yield what
    if len(list(subject)) != len(expected):
        yield "its subject names more or less than organization, unit and common name"


def _time_faults(row: IssuedCertificate, authority: x509.Certificate) -> Iterator[str]:
    # Certificates have no fractions of a second (RFC 5280 §4.1.2.5).
    issued_at = row.issued_at.replace(microsecond=0)
    if row.not_before != max(issued_at - profile.BACKDATED, authority.not_valid_before_utc):
        yield "the row's time of issue does not fit its validity"
    if row.not_after - row.issued_at > profile.LONGEST_LIFE:
        yield "it is valid for more than 397 days"


def _profile_faults(
    row: IssuedCertificate, certificate: x509.Certificate, key: key_policy.PublicKey, authority: x509.Certificate
) -> Iterator[str]:
    expected = profile.Expected(
        certificate.subject,  # checked by _name_faults
        key,
        authority,
        (row.not_before, row.not_after),
        _extensions(row, certificate, key, authority),
    )
    for what in profile.faults(bytes(row.der), expected):
        yield f"its {what} {_WORDS.get(what, 'is not that of the profile')}"


_WORDS = {
    "validity": "is not the row's",
    "validity within the issuer's": "is exceeded",
    "issuer": "is not the row's",
    "extensions": "are not those of the profile",
    "signature": "is not its issuer's",
}


def _extensions(
    row: IssuedCertificate, certificate: x509.Certificate, key: key_policy.PublicKey, authority: x509.Certificate
) -> list[profile.Extension]:
    """The extensions of the profile. PKI_URL and CLOUD_DOMAIN may have changed since: theirs are the certificate's."""
    texts = _addresses(certificate)
    crl, cer = (
        reverse(f"enrollment:{name}", args=[row.issuer_id]) for name in ("revocation-list", "issuer-certificate")
    )
    address = re.compile(r"(https?://[^\s?#]+)" + re.escape(crl))
    base = next((found[1] for text in texts if (found := address.fullmatch(text))), settings.PKI_URL)
    domains = [settings.CLOUD_DOMAIN, *settings.CLOUD_DOMAIN_ALIASES]
    uris = [profile.edge_uri(domain, str(row.edge.uuid)) for domain in domains]
    return [
        *profile.issuer_extensions(authority, base + crl, base + cer),
        *profile.edge_extensions(key, next((uri for uri in uris if uri in texts), uris[0])),
    ]


def _addresses(certificate: x509.Certificate) -> list[str]:
    """The addresses of its revocation list and its subject alternative names; none if its extensions are unreadable."""
    try:
        values = [extension.value for extension in certificate.extensions]
    except (ValueError, x509.DuplicateExtension):
        return []
    names: list[x509.GeneralName] = []
    for value in values:
        if isinstance(value, x509.CRLDistributionPoints):
            names += [name for point in value for name in point.full_name or ()]
        if isinstance(value, x509.SubjectAlternativeName):
            names += list(value)
    return [str(name.value) for name in names if isinstance(name, x509.UniformResourceIdentifier)]
