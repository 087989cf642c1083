"""Checking each issuer: its certificate against its parent, and its newest revocation list against the list's row, the
profile and the revoked certificates."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime

from cryptography import x509

from enrollment.models import IssuedCertificate, RevocationList
from enrollment.operations.revocation_lists import newest_list, signs_lists
from enrollment.pki import revocation_list
from enrollment.verifying.faults import BATCH, Fault, Tally, as_far_as_readable
from keys import openssl_acceptance
from keys.crypto import authority_chains
from keys.crypto.ca_certificates import may_sign
from keys.crypto.keyring import KeyringError
from keys.crypto.sealing import SealBroken
from keys.crypto.uploaded_pem import PARSER_ERRORS
from keys.models import SigningCertificate
from keys.operations.signing_certificates import authority_of


def verify(since: datetime, tally: Tally) -> Iterator[Fault]:
    """Yield the faults of issuers and lists, and the certificates issued from `since` on that a list has wrong.

    Such a certificate is revoked and not listed, or listed and not revoked.
    """
    for issuer in SigningCertificate.objects.select_related("parent").order_by("pk").iterator():
        if not issuer.is_pending:
            found = as_far_as_readable(_authority_faults(issuer), "it cannot be parsed")
            yield from (Fault(f"issuer {issuer.name!r}", what) for what in found)
        newest = newest_list(issuer)
        if newest is None:
            if signs_lists(issuer, datetime.now(UTC)):
                yield from _unlisted(issuer, since, set(), None)
            continue
        tally.lists += 1
        name = f"list {newest.number} of {issuer.name!r}"
        try:
            signed = x509.load_der_x509_crl(bytes(newest.der))
            listed = {f"{entry.serial_number:x}" for entry in signed}
        except PARSER_ERRORS:
            yield Fault(name, "it cannot be parsed")
            continue
        found = as_far_as_readable(
            _list_faults(newest, signed, issuer), "it or its issuer's certificate cannot be parsed"
        )
        yield from (Fault(name, what) for what in found)
        yield from _unlisted(issuer, since, listed, newest)
        yield from _wrongly_listed(issuer, since, listed)


def _list_faults(
    row: RevocationList, signed: x509.CertificateRevocationList, issuer: SigningCertificate
) -> Iterator[str]:
    authority = x509.load_der_x509_certificate(bytes(issuer.der))
    expected = revocation_list.Expected(authority, row.number, (row.this_update, row.next_update), row.size)
    for what in revocation_list.faults(signed, expected):
        yield f"it differs from its row or from the profile: {what}"


def _authority_faults(issuer: SigningCertificate) -> Iterator[str]:
    """Check the signature: a writer of rows can neither sign for the parent nor replace a root with the same key."""
    certificate = x509.load_der_x509_certificate(bytes(issuer.der))
    above = x509.load_der_x509_certificate(bytes(issuer.parent.der)) if issuer.parent else certificate
    if not authority_chains.is_issued_by(certificate, above):
        yield "the certificate above it did not sign it" if issuer.parent else "it is not signed by itself"
    else:
        yield from _refusals(issuer)
    if hashlib.sha256(bytes(issuer.der)).hexdigest() != issuer.fingerprint:
        yield "its fingerprint is not the row's"


def _refusals(issuer: SigningCertificate) -> Iterator[str]:
    """Check that verifiers accept what the CA signs now. A CA that is expired or has no private key signs nothing."""
    now = datetime.now(UTC)
    if issuer.sealed_with is None or not may_sign(issuer.not_before, issuer.not_after, now):
        return
    try:
        authority = authority_of(issuer)
    except (KeyringError, SealBroken, ValueError):
        return
    found = openssl_acceptance.flaw_of(authority, issuer, now)
    if found:
        yield f"verifiers refuse what it signs: {found}"


def _unlisted(
    issuer: SigningCertificate, since: datetime, listed: set[str], newest: RevocationList | None
) -> Iterator[Fault]:
    revoked = IssuedCertificate.objects.revoked().filter(issuer=issuer, issued_at__gte=since)
    if newest:
        # A list need not name a certificate that had expired before the list began.
        revoked = revoked.filter(not_after__gte=newest.this_update)
    for serial in revoked.order_by("pk").values_list("serial", flat=True).iterator(BATCH):
        if serial not in listed:
            yield Fault(f"certificate {serial}", f"it is revoked and not on the list of {issuer.name!r}")


def _wrongly_listed(issuer: SigningCertificate, since: datetime, listed: set[str]) -> Iterator[Fault]:
    serials = sorted(listed)
    for at in range(0, len(serials), BATCH):
        valid = IssuedCertificate.objects.live().filter(
            issuer=issuer, serial__in=serials[at : at + BATCH], issued_at__gte=since
        )
        for serial in valid.values_list("serial", flat=True):
            yield Fault(f"certificate {serial}", f"it is on the list of {issuer.name!r} and its row is not revoked")
