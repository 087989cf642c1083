"""Signing certificates loaded for use: private keys are decrypted once per process and kept in memory only."""

from __future__ import annotations

from collections.abc import Iterator

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from django.conf import settings

from enrollment.pki.issuance import Issuer
from keys.crypto import ca_certificates, keyring, sealing
from keys.models import SigningCertificate

_loaded: dict[int, Issuer] = {}


def get(certificate_id: int, fingerprint: str) -> Issuer:
    """The issuer with this row id, loaded again when its certificate is another than before.

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
    ring = keyring.load(settings.KEYRING_FILE)
    sealed = sealing.unseal(bytes(record.sealed_private_key or b""), record.private_key_place, ring)
    private_key = ca_certificates.load_private_key(sealed)
    certificate = x509.load_der_x509_certificate(bytes(record.der))
    if private_key.public_key() != certificate.public_key():
        raise sealing.SealBroken("The private key is not the certificate's.")
    *chain, anchor = chain_of(record)
    return Issuer(
        id=record.pk,
        name=record.name,
        certificate=certificate,
        private_key=private_key,
        chain=tuple(chain),
        trust_anchor=anchor,
        fingerprint=record.fingerprint,
        authority_keys=frozenset(_key_ids([*chain, anchor])),
        crl_url=f"{settings.PKI_URL}/pki/{record.pk}.crl",
        certificate_url=f"{settings.PKI_URL}/pki/{record.pk}.cer",
    )


def chain_of(record: SigningCertificate) -> list[str]:
    """The certificate and those above it as PEM, from the record up to its root."""
    return [x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM).decode() for der in ders_of(record)]


def ders_of(record: SigningCertificate) -> Iterator[bytes]:
    """The certificate and those above it as DER, from the record up to its root."""
    yield bytes(record.der)
    while record.parent_id is not None:
        record = SigningCertificate.objects.only("der", "parent").get(pk=record.parent_id)
        yield bytes(record.der)


def _key_ids(pems: list[str]) -> Iterator[str]:
    """SHA-256 (hex) of each certificate's public key: no edge may present one of these."""
    for pem in pems:
        yield ca_certificates.spki_sha256(x509.load_pem_x509_certificate(pem.encode())).hex()
