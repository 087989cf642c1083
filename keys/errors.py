"""Why an operation on keys, groups or certificates says no: types with a stable code; doors turn them into HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


class Refused(Exception):
    """An operation was refused; the text says why and what to do."""

    code = "refused"


class NotViewable(Refused):
    """The text was shown once at creation and is not stored."""

    code = "key_not_viewable"


class UsedUp(Refused):
    """All uses are taken; the text is handed out again once the limit is raised."""

    code = "key_used_up"


class Unopenable(Refused):
    """The stored text does not open: it was changed, moved from another row, or its keyring is lost."""

    code = "key_unopenable"


class Managed(Refused):
    """The vendor manages this record; it is read only here."""

    code = "managed_by_vendor"


class InUse(Refused):
    """Something still depends on the record."""

    code = "in_use"


class Invalid(Refused):
    """A field has a value the database would refuse."""

    code = "invalid"

    def __init__(self, field_name: str, message: str) -> None:
        super().__init__(message)
        self.field_name = field_name


class BadCertificate(Invalid):
    """What was given to become a CA is not fit for it; `code` is a key of CERTIFICATE_FAULTS."""

    def __init__(self, code: str, field_name: str = "certificates", **values: Any) -> None:
        super().__init__(field_name, CERTIFICATE_FAULTS[code].format(**values))
        self.code = code


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that another editor changed: its label, their value, yours."""

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

    def __str__(self) -> str:
        return f"{self.changed_by} changed this in the meantime."


class AlreadyComplete(Refused):
    """The request has its certificate already."""

    code = "certificate_complete"


class KeysChanged(Refused):
    """Other keys use a certificate than those that were confirmed."""

    code = "keys_changed"


class Gone(Refused):
    """The record was deleted in the meantime."""

    code = "gone"


# What can be wrong with an uploaded CA; {name} is a certificate's subject.
CERTIFICATE_FAULTS: Mapping[str, str] = {
    "certificate_missing": "Give the certificate in PEM, with its BEGIN CERTIFICATE and END CERTIFICATE lines.",
    "certificate_not_pem": "This is not PEM. Convert it: openssl x509 -inform DER -in FILE -out FILE.pem",
    "certificate_unreadable": "Certificate {number} of the file cannot be read. Export it again as PEM.",
    "certificate_too_large": "Give at most {most} certificates and {kilobytes} KB: the chain, and nothing else.",
    "certificate_known": "This certificate is here already, as “{known}”.",
    "certificate_expired": "“{name}” has expired ({moment}). Upload a renewed one.",
    "certificate_not_yet_valid": "“{name}” is not valid before {moment}. Upload it then, or check its dates.",
    "not_a_ca": "“{name}” is not a CA certificate. Sign it with basicConstraints = critical, CA:TRUE.",
    "cannot_sign_certificates": "“{name}” can't sign certificates. Give it keyUsage = critical, keyCertSign, cRLSign.",
    "cannot_sign_lists": "“{name}” can't sign revocation lists. Give it keyUsage = critical, keyCertSign, cRLSign.",
    "key_identifier_missing": "“{name}” lacks a subject key identifier. Sign it with subjectKeyIdentifier = hash.",
    "constraints_not_critical": "“{name}” has basicConstraints that are not critical. Sign it with critical, CA:TRUE.",
    "issuer_identifier_missing": "“{name}” lacks its issuer's identifier. Sign it with authorityKeyIdentifier = keyid.",
    "not_for_clients": "“{name}” may not issue client certificates. Drop extendedKeyUsage, or add clientAuth.",
    "constrained": "“{name}” has the critical extension {extension}, which is not honored. Sign it without.",
    "name_unusable": "A certificate's subject is empty, too long or holds control characters. Use a plain one.",
    "serial_unusable": "The serial number of “{name}” is not positive or exceeds 20 bytes. Use another.",
    "path_too_long": "“{name}” allows fewer CAs below it (pathlen). Sign with one that has a larger pathlen, or none.",
    "weak_key": "The key of “{name}” is too weak ({key}). Use P-256, P-384, or RSA with {bits} bits or more.",
    "key_worthless": "The key of “{name}” {weakness}: anybody can sign with it. Make a new key and a new certificate.",
    "weak_signature": "“{name}” is signed with {hash}, which is broken. Sign it with SHA-256 or better.",
    "chain_incomplete": "The issuer of “{name}” is missing: “{issuer}”. Add it to the file, up to the root.",
    "chain_broken": "“{name}” was not signed by the “{issuer}” that is given. Upload the one that signed it.",
    "chain_mixed": "“{name}” does not belong to the chain. Upload one chain at a time.",
    "wrong_key": "None of the certificates belongs to this private key. Upload the certificate made for it.",
    "wrong_request": "None of these certificates is for this request. Have request.csr signed and upload the result.",
    "key_encrypted": "The private key is encrypted. Decrypt it: openssl pkey -in KEY.pem -out DECRYPTED.pem",
    "key_unreadable": "The private key cannot be read. Export it as PEM: openssl pkey -in KEY -out KEY.pem",
    "key_too_large": "The private key has more than {most} bits. Use P-256, P-384, or RSA with 3,072 or 4,096 bits.",
    "key_repeated": "There is more than one private key. Give the one of the certificate that is to sign edges.",
    "key_not_wanted": "The portal has the private key of this request already. Upload certificates only.",
}  # fmt: skip
CONSTRAINT_MESSAGES: Mapping[str, tuple[str, str]] = {
    "key_name_is_unique": ("name", "A key with this name exists already."),
    "group_name_is_unique": ("name", "A group with this name exists already."),
    "certificate_name_is_unique": ("name", "A certificate with this name exists already."),
    "certificate_serial_is_unique_per_issuer": (
        "certificates",
        "Another certificate of this issuer has the same serial number. Sign it with another.",
    ),
    "certificate_is_stored_once": ("certificates", "This certificate is here already."),
    "key_uses_stay_within_max": (
        "max_uses",
        "The maximum cannot be lower than the number of edges that used this key.",
    ),
    "key_max_uses_is_in_range": ("max_uses", "Enter a whole number from 1 to 2,147,483,647."),
}
