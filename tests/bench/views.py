"""What enrollment is compared with: the framework alone, and the cryptography alone on top of it."""

from __future__ import annotations

import functools
import json
import uuid
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

_CRL = x509.UniformResourceIdentifier("http://127.0.0.1:8000/pki/4.crl")
_CER = x509.UniformResourceIdentifier("http://127.0.0.1:8000/pki/4.cer")
_USAGE = dict.fromkeys(
    ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign",
     "encipher_only", "decipher_only"), False,
)  # fmt: skip


@csrf_exempt
@login_not_required
def null(request: HttpRequest) -> HttpResponse:
    """Nothing: what gunicorn, Django and the middleware cost."""
    return HttpResponse(b"{}", content_type="application/json", status=201)


@csrf_exempt
@login_not_required
def sign(request: HttpRequest) -> HttpResponse:
    """Parse the CSR, verify its signature and sign an edge certificate, as anybody would write it.

    No provisioning key, no policy, no check of the result, no database.
    """
    csr = x509.load_pem_x509_csr(json.loads(request.body)["csr"].encode())
    if not csr.is_signature_valid:
        return HttpResponse(status=422)
    return JsonResponse({"certificate": _sign(csr.public_key()).public_bytes(Encoding.PEM).decode()}, status=201)


@functools.cache
def _authority() -> tuple[x509.Name, ec.EllipticCurvePrivateKey]:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Benchmark CA")])
    return name, ec.generate_private_key(ec.SECP256R1())


def _sign(key: ec.EllipticCurvePublicKey) -> x509.Certificate:
    issuer, private_key = _authority()
    edge, now = str(uuid.uuid4()), datetime.now(UTC)
    names = ((NameOID.ORGANIZATION_NAME, "1"), (NameOID.ORGANIZATIONAL_UNIT_NAME, "1"), (NameOID.COMMON_NAME, edge))
    uri = x509.UniformResourceIdentifier(f"https://api.private.example.com/edges/{edge}")
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(private_key.public_key())
    access = x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, _CER)
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(oid, value) for oid, value in names]))
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=90))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(digital_signature=True, **_USAGE), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([uri]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(authority, critical=False)
        .add_extension(x509.CRLDistributionPoints([x509.DistributionPoint([_CRL], None, None, None)]), critical=False)
        .add_extension(x509.AuthorityInformationAccess([access]), critical=False)
        .sign(private_key, hashes.SHA256())
    )
