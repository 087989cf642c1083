"""pkilint's opinion of certificates, chains and revocation lists: its findings at NOTICE or above, as text.

The same validators as its programs lint_pkix_cert, lint_pkix_signer_signee_cert_chain and lint_crl, in process.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterable
from typing import Any

from pkilint import loader, pkix
from pkilint.bin import lint_pkix_signer_signee_cert_chain as chain_linter
from pkilint.pkix import certificate, crl, extension, name
from pkilint.validation import ValidationFindingSeverity

_WORST = ValidationFindingSeverity.NOTICE


def certificate_findings(der: bytes) -> list[str]:
    document = loader.load_certificate(der, "certificate")
    return _findings(_certificate_linter().validate(document.root))


def list_findings(der: bytes) -> list[str]:
    """Findings about a CRL."""
    document = loader.load_crl(der, "crl")
    return _findings(_list_linter().validate(document.root))


def link_findings(issuer: bytes, subject: bytes) -> list[str]:
    """Findings about a certificate as the next of its issuer: names, key identifiers, policies, signature."""
    documents: dict[str, Any] = {}
    for name_, der in (("issuer", issuer), ("subject", subject)):
        documents[name_] = loader.RFC5280CertificateDocumentLoader().load_document(der, name_, name_, documents)
    upper, lower = documents["issuer"], documents["subject"]
    decoder, about_issuer, about_subject = _link_linters()
    found = _findings(decoder.validate(upper.root)) + _findings(decoder.validate(lower.root))
    return found + _findings(about_issuer.validate(upper.root)) + _findings(about_subject.validate(lower.root))


def chain_findings(ders: list[bytes]) -> list[str]:
    """Findings about each certificate of a chain, from the leaf to the root, and about each link."""
    found = [finding for der in ders for finding in certificate_findings(der)]
    for subject, issuer in itertools.pairwise(ders):
        found += link_findings(issuer, subject)
    return found


def _findings(results: Iterable[Any]) -> list[str]:
    return [
        f"{result.node.path}: {each.finding.severity} {each.finding.code} {each.message or ''}"
        for result in results
        for each in result.finding_descriptions
        if each.finding.severity <= _WORST
    ]


@functools.cache
def _certificate_linter() -> Any:
    return certificate.create_pkix_certificate_validator_container(
        certificate.create_decoding_validators(name.ATTRIBUTE_TYPE_MAPPINGS, extension.EXTENSION_MAPPINGS),
        [
            certificate.create_issuer_validator_container([]),
            certificate.create_validity_validator_container(),
            certificate.create_subject_validator_container([]),
            certificate.create_extensions_validator_container([]),
            certificate.create_spki_validator_container([]),
        ],
    )


@functools.cache
def _list_linter() -> Any:
    return crl.create_pkix_crl_validator_container(
        [
            pkix.create_attribute_decoder(name.ATTRIBUTE_TYPE_MAPPINGS),
            pkix.create_extension_decoder(extension.EXTENSION_MAPPINGS),
        ],
        [
            crl.create_issuer_validator_container([]),
            crl.create_validity_validator_container([]),
            crl.create_extensions_validator_container([]),
        ],
    )


@functools.cache
def _link_linters() -> tuple[Any, Any, Any]:
    return (
        chain_linter.create_decoder_validation_container(),
        chain_linter.create_issuer_validation_container(),
        chain_linter.create_subject_validation_container(),
    )
