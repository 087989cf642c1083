"""Signing certificates in memory: each process decrypts a private key once and stores it nowhere."""

from __future__ import annotations

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from django.conf import settings
from django.urls import reverse

from enrollment.pki.issuance import Issuer
from keys import trust_anchors
from keys.crypto import ca_certificates, sealing
from keys.models import SigningCertificate
from keys.operations.signing_certificates import private_key_of

_loaded: dict[int, Issuer] = {}


def get(certificate_id: int, fingerprint: str) -> Issuer:
    """The issuer with this row id, loaded again after its certificate changed.

    Raises keyring.KeyringError or sealing.SealBroken when its private key cannot be opened.
    """
    issuer = _loaded.get(certificate_id)
    if issuer is None or issuer.fingerprint != fingerprint:
        issuer = _loaded[certificate_id] = _load(certificate_id)
    return issuer


def forget_all() -> None:
    """Drop every loaded private key."""
    _loaded.clear()


def _load(certificate_id: int) -> Issuer:
    record = SigningCertificate.objects.complete().get(pk=certificate_id)
    private_key = private_key_of(record)
    chain = trust_anchors.chain_of(record)
    if private_key.public_key() != chain[0].public_key():
        raise sealing.SealBroken("The private key is not the certificate's.")
    *below_root, root = (pem_of(each) for each in chain)
    return Issuer(
        id=record.pk,
        name=record.name,
        certificate=chain[0],
        private_key=private_key,
        chain=tuple(below_root),
        trust_anchor=root,
        fingerprint=record.fingerprint,
        authority_keys=frozenset(ca_certificates.spki_sha256(each).hex() for each in chain),
        crl_url=settings.PKI_URL + reverse("enrollment:revocation-list", args=[record.pk]),
        certificate_url=settings.PKI_URL + reverse("enrollment:issuer-certificate", args=[record.pk]),
    )


def pem_of(certificate: x509.Certificate) -> str:
    """A certificate as the answers of the JSON endpoints have it."""
    return certificate.public_bytes(Encoding.PEM).decode()
