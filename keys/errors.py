"""Why an operation on keys, groups or certificates refuses: types with a stable code and their HTTP status."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from portal.refusals import Invalid, Refused


class NotHandedOut(Refused):
    """The text of a key is not shown, copied or downloaded."""

    title = "The key is not handed out"


class NotViewable(NotHandedOut):
    """The text was shown once at creation and is not stored."""

    code = "key_not_viewable"
    status = 404


class UsedUp(NotHandedOut):
    """All uses are taken; the text is handed out again once the limit is raised."""

    code = "key_used_up"


class Unopenable(NotHandedOut):
    """The stored text does not open: it was changed, moved from another row, or its keyring is lost."""

    code = "key_unopenable"


class Managed(Refused):
    """The vendor manages this record; it is read only here."""

    code = "managed_by_vendor"
    status = 403
    title = "Managed by the vendor"


class InUse(Refused):
    """Something still depends on the record."""

    code = "in_use"
    title = "Still in use"


class BadCertificate(Invalid):
    """What was given to become a CA is not fit for it; `code` is a key of CERTIFICATE_FAULTS."""

    def __init__(self, code: str, field_name: str = "certificates", **values: Any) -> None:
        super().__init__(field_name, CERTIFICATE_FAULTS[code].format(**values), code)
        self.code = code
        self.reason: str = values.get("reason", "")


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that another editor changed: its label, their value, yours; in words, but for moments."""

    label: str
    theirs: Any
    yours: Any


@dataclass(eq=False)
class Stale(Refused):
    """Somebody saved the record after this form was opened."""

    changed_by: str
    changed_at: Any
    version: int
    differences: list[Difference] = field(default_factory=list)

    code = "stale_version"
    title = "Changed in the meantime"

    def __str__(self) -> str:
        return f"{self.changed_by} changed this after you opened it. Compare in another window, then start anew."


class AlreadyComplete(Refused):
    """The request has its certificate already."""

    code = "certificate_complete"

    def __init__(self) -> None:
        super().__init__("This certificate is not waiting for one: it was signed and uploaded before.")


class KeysChanged(Refused):
    """Other keys use a certificate than those that were confirmed."""

    code = "keys_changed"


class Gone(Refused):
    """The record was deleted in the meantime."""

    code = "gone"
    status = 404
    title = "Deleted in the meantime"


# What can be wrong with an uploaded CA; {name} is a certificate's subject.
CERTIFICATE_FAULTS: Mapping[str, str] = {
    "certificate_missing": "No certificate was found in it. Give the certificate and those above it: PEM with its "
    "lines -----BEGIN CERTIFICATE----- and -----END CERTIFICATE-----, DER, .p7b or .pfx.",
    "certificate_is_request": "This is a certificate request. Have your CA sign it, and upload the certificate it "
    "makes.",
    "certificate_unreadable": "Certificate {number} of the file cannot be read: it is cut off, damaged, or not encoded "
    "as RFC 5280 wants it. Export it again; if that does not help, have it issued again.",
    "pkcs7_unreadable": "No certificate can be read from the PKCS #7 file (.p7b): it holds none, or is cut off or "
    "damaged. Export it again, with the certificates up to the root.",
    "certificate_extension_unreadable": "An extension of certificate {number} of the file is there twice, or its "
    "content is not what its standard wants. openssl x509 -text shows the extensions; have it issued again without "
    "that one.",
    "certificate_algorithm_unknown": "The key or the signature of certificate {number} of the file is of a kind that "
    "is not supported. Use P-256, P-384, or RSA with 3,072 bits or more, and SHA-256.",
    "certificate_name_unreadable": "A name in certificate {number} of the file is of a string type that is not read "
    "(TeletexString with accents, UniversalString). Have it issued with UTF8String (openssl: string_mask = utf8only).",
    "certificate_too_large": "Give at most {most} certificates and {kilobytes} KB: the chain, and nothing else.",
    "certificate_known": "This certificate is here already, as “{known}”.",
    "certificate_expired": "“{name}” has expired ({moment}). Upload a renewed one.",
    "certificate_not_yet_valid": "“{name}” is not valid before {moment}. Upload it then, or check its dates.",
    "not_a_ca": "“{name}” is not a CA certificate. Sign it with basicConstraints = critical, CA:TRUE.",
    "cannot_sign_certificates": "“{name}” has no keyUsage with keyCertSign. Sign it with keyUsage = critical, "
    "keyCertSign, cRLSign.",
    "cannot_sign_lists": "“{name}” can't sign revocation lists. Give it keyUsage = critical, keyCertSign, cRLSign.",
    "key_identifier_missing": "“{name}” lacks a subject key identifier. Sign it with subjectKeyIdentifier = hash.",
    "constraints_not_critical": "“{name}” has basicConstraints that are not critical. Sign it with critical, CA:TRUE.",
    "issuer_identifier_missing": "“{name}” does not name its issuer's key. Sign it with authorityKeyIdentifier = "
    "keyid:always.",
    "issuer_key_differs": "“{name}” names the key {found} as its issuer's, but “{issuer}” has the key identifier "
    "{own}. Sign it again with authorityKeyIdentifier = keyid:always.",
    "issuer_serial_differs": "“{name}” names an issuer with the serial number {found}; that of “{issuer}” is {own}. "
    "Sign it again with authorityKeyIdentifier = keyid:always, or upload the issuer it names if that is still valid.",
    "issuer_issuer_differs": "“{name}” names another issuer of “{issuer}” than that certificate has. Sign it again "
    "with authorityKeyIdentifier = keyid:always.",
    "issuer_misnamed": "“{name}” was signed by the key of “{found}”, but the name of its issuer there, “{issuer}”, "
    "{how}. Verifiers that compare names byte by byte refuse it. Sign it again with that certificate (openssl copies "
    "its name).",
    "not_for_clients": "“{name}” may not issue client certificates. Drop extendedKeyUsage, or add clientAuth.",
    "key_worthless": "The key of “{name}” {weakness}: anybody can sign with it. Make a new key and a new certificate.",
    "constrained": "“{name}” has {what}: edges may fall outside. Sign it without.",
    "critical_unknown": "“{name}” has the critical extension {extension}, which is not honored. Sign it without, or "
    "not critical.",
    "name_unusable": "The {whose} of “{name}” {what}. Have a certificate made with a plain {whose}.",
    "serial_unusable": "The serial number of “{name}” ({serial}) is not positive or exceeds 159 bits, which newer "
    "software refuses. Have it issued again with the same key and another serial number.",
    "path_too_long": "“{name}” allows {limit} CAs below it (pathlen), and there are {below}. Sign with one that has a "
    "larger pathlen, or none.",
    "weak_key": "The key of “{name}” ({key}) is none that is accepted. Use P-256, P-384, or RSA with {bits} to 8,192 "
    "bits and the exponent 65537.",
    "unsupported_key": "{what} is {key}, which is not supported. Use P-256, P-384, or RSA with 3,072 bits or more.",
    "pss_key": "The key of “{name}” is for RSASSA-PSS only (id-RSASSA-PSS). Use a plain RSA key (rsaEncryption), or "
    "P-256.",
    "curve_not_named": "The key of “{name}” spells out its curve (explicit parameters), which verifiers refuse. Write "
    "the key with openssl ec -param_enc named_curve, and sign the certificate again.",
    "weak_signature": "“{name}” is signed with {hash}, which is not accepted. Sign it with SHA-256, SHA-384 or "
    "SHA-512.",
    "unverifiable": "OpenSSL refuses a test certificate below “{name}”{strictly}: {reason}. Sign “{name}” again "
    "without that.",
    "unsignable": "“{name}” does not make certificates of the right form: {reason}. Use another certificate.",
    "chain_incomplete": "The issuer of “{name}” is missing: “{issuer}”. Add it to the file, up to the root.",
    "chain_too_long": "Above “{name}” are more certificates than edges read: {most}, it and its root included.",
    "chain_broken": "“{name}” was not signed by the “{issuer}” that is given. Upload the one that signed it{key}.",
    "chain_mixed": "“{name}” does not belong to the chain of “{own}”. Take it out, or upload one chain at a time.",
    "wrong_key": "None of the certificates belongs to this private key. Upload the certificate made for it.",
    "wrong_request": "None of these certificates is for this request. Have request.csr signed and upload the result.",
    "key_encrypted": "The private key is encrypted. Type its password, or decrypt it: openssl pkey -in KEY.pem -out "
    "OUT.pem",
    "key_unreadable": "No private key of a supported kind can be read there. Give P-256, P-384 or RSA as PEM or DER "
    "(PKCS #8, or traditional EC or RSA).",
    "key_too_large": "The private key has more than {most} bits. Use P-256, P-384, or RSA with 3,072 or 4,096 bits.",
    "key_too_slow": "Opening the file would take more than {most} rounds of key derivation, or too much memory. "
    "Export it again with the usual settings.",
    "key_repeated": "There are different private keys. Give the one of the certificate that will sign edges.",
    "key_not_wanted": "The portal has the private key of this request already. Upload certificates only.",
    "password_missing": "This .pfx file is protected by a password, or damaged. Type its password.",
    "password_wrong": "The password does not open the file, or the file is damaged or encrypted in a way that is not "
    "read here. Type the password again, or encrypt it with AES: openssl pkey -in KEY.pem -aes256 -out OUT.pem",
}  # fmt: skip
# The field that shows what a constraint of the database refused; the constraint has the sentence.
CONSTRAINT_FIELDS: Mapping[str, str] = {
    "key_name_is_unique": "name",
    "group_name_is_unique": "name",
    "certificate_name_is_unique": "name",
    "certificate_serial_is_unique_per_issuer": "certificates",
    "certificate_is_stored_once": "certificates",
    "key_uses_stay_within_max": "max_uses",
}
