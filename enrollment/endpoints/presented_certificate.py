"""Finding the row of the certificate that an edge presents, and checking that the edge has its private key."""

from __future__ import annotations

import hashlib
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from enrollment.errors import Refused
from enrollment.models import IssuedCertificate
from enrollment.pki import proof
from enrollment.pki.proof import SignedRequest
from keys.crypto.uploaded_pem import PARSER_ERRORS


def by_signature(sent: SignedRequest, purpose: str, now: datetime) -> IssuedCertificate:
    """The certificate in a signed request, after its signature was verified.

    Raises Refused: unknown_certificate or clock_differs.
    """
    found = by_pem(sent.certificate)
    proof.require(sent, purpose, x509.load_der_x509_certificate(bytes(found.der)), now)
    return found


def by_pem(pem: str) -> IssuedCertificate:
    """The issued certificate that is in `pem`. Raises Refused: unknown_certificate.

    It is found by its fingerprint, so a certificate of another CA with the same names and serial is not accepted.
    """
    try:
        (certificate,) = x509.load_pem_x509_certificates(pem.encode())
    except PARSER_ERRORS:
        raise Refused("unknown_certificate") from None
    fingerprint = hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest()
    found = IssuedCertificate.objects.select_related("edge__group").filter(fingerprint=fingerprint).first()
    if found is None:
        raise Refused("unknown_certificate")
    return found
