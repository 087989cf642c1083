"""The requested extensions of a CSR: all are ignored and named, except CA rights, which are refused. Pure.

The portal decides every field of the certificate, so a requested extension has no effect. Stock tools and devices
always request some. A request for CA rights (RFC 5280 §4.2.1.3 and §4.2.1.9) is refused, because an edge is no CA.
"""

from __future__ import annotations

from enrollment.errors import Refused
from enrollment.pki import der
from enrollment.pki.csr_parts import Parts
from enrollment.pki.der import Element, NotDER

SUBJECT_ALT_NAME = "2.5.29.17"
MOST_NAMED = 50
# The names of RFC 5280, RFC 6960, RFC 6962, RFC 7633 and of OpenSSL's configuration.
NAMES = {
    "2.5.29.9": "subjectDirectoryAttributes", "2.5.29.14": "subjectKeyIdentifier", "2.5.29.15": "keyUsage",
    "2.5.29.16": "privateKeyUsagePeriod", SUBJECT_ALT_NAME: "subjectAltName", "2.5.29.18": "issuerAltName",
    "2.5.29.19": "basicConstraints", "2.5.29.30": "nameConstraints", "2.5.29.31": "cRLDistributionPoints",
    "2.5.29.32": "certificatePolicies", "2.5.29.33": "policyMappings", "2.5.29.35": "authorityKeyIdentifier",
    "2.5.29.36": "policyConstraints", "2.5.29.37": "extendedKeyUsage", "2.5.29.46": "freshestCRL",
    "2.5.29.54": "inhibitAnyPolicy", "1.3.6.1.5.5.7.1.1": "authorityInfoAccess",
    "1.3.6.1.5.5.7.1.11": "subjectInfoAccess", "1.3.6.1.5.5.7.1.24": "TLSFeature",
    "1.3.6.1.5.5.7.48.1.5": "OCSPNoCheck", "1.3.6.1.4.1.11129.2.4.3": "ctPoison",
    "2.16.840.1.113730.1.1": "nsCertType", "2.16.840.1.113730.1.2": "nsBaseUrl",
    "2.16.840.1.113730.1.3": "nsRevocationUrl", "2.16.840.1.113730.1.4": "nsCaRevocationUrl",
    "2.16.840.1.113730.1.7": "nsRenewalUrl", "2.16.840.1.113730.1.8": "nsCaPolicyUrl",
    "2.16.840.1.113730.1.12": "nsSslServerName", "2.16.840.1.113730.1.13": "nsComment",
}  # fmt: skip
# The bits of keyUsage, counted from the most significant bit of its first octet.
_CA_USAGES = {5: "keyCertSign", 6: "cRLSign"}


def ignored(parts: Parts, names: bytes | None) -> tuple[str, ...]:
    """The requested extensions by name, or by object identifier, in their order. After MOST_NAMED only their number.

    `names` is the content of the edge's present subjectAltName; a request for exactly that is left out.
    Raises Refused: csr_extension_not_allowed for CA rights. Raises NotDER for an extension that is requested twice, and
    for a basicConstraints or keyUsage that cannot be parsed.
    """
    seen: set[str] = set()
    named = []
    for oid, content in parts.extensions:
        name = NAMES.get(oid, oid)
        if oid in seen:
            raise NotDER(f"The extension {name} is requested twice, again at byte {content.start}.")
        seen.add(oid)
        rights = _ca_rights(oid, content)
        if rights:
            raise Refused(
                "csr_extension_not_allowed",
                f"The request asks for CA rights: {rights}. Leave them out: an edge is no CA.",
            )
        if oid != SUBJECT_ALT_NAME or content.value != names:
            named.append(name)
    surplus = len(named) - MOST_NAMED
    return (*named[:MOST_NAMED], f"and {surplus} more") if surplus > 0 else tuple(named)


def _ca_rights(oid: str, content: Element) -> str:
    name = NAMES.get(oid)
    if name == "basicConstraints":
        wanted = der.only(content, der.SEQUENCE, "basicConstraints")
        flags = [each for each in der.inside(wanted, "part of basicConstraints") if each.tag == der.BOOLEAN]
        # DER forbids an encoded FALSE; it is read nevertheless, because its meaning is clear.
        return "basicConstraints CA:TRUE" if any(any(flag.value) for flag in flags) else ""
    if name == "keyUsage":
        bits = der.only(content, der.BIT_STRING, "keyUsage").value[1:2]
        wanted_bits = [usage for bit, usage in _CA_USAGES.items() if bits and bits[0] >> (7 - bit) & 1]
        return f"keyUsage {' and '.join(wanted_bits)}" if wanted_bits else ""
    return ""
