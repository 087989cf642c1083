"""The refusals of the enrollment endpoints: stable public codes, HTTP statuses and texts. Pure.

An unknown key, a wrong secret and a deleted key get the same answer, `invalid_provisioning_key`. Callers who proved the
secret learn exactly what is wrong. No text repeats the input.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Refusal:
    """One reason to refuse: the HTTP status, a short title, what to do, and the seconds to wait where waiting helps."""

    status: int
    title: str
    detail: str
    retry_after: int | None = None


# Refusals of renewals and heartbeats alone, where an edge presents its certificate.
RENEWAL_REFUSALS: dict[str, Refusal] = {
    "unknown_certificate": Refusal(
        401,
        "Unknown certificate",
        "Send the edge's current certificate of this portal, and sign with its private key (SHA-256).",
    ),
    "clock_differs": Refusal(
        401, "Clock differs", "issued_at must be now, in UTC, within ten minutes. Set the machine's clock."
    ),
    "certificate_revoked": Refusal(
        403, "Certificate revoked", "The certificate or its edge was revoked. Enroll again with a new key pair."
    ),
    "certificate_expired": Refusal(
        403, "Certificate expired", "The certificate is not valid now. Enroll again with a new key pair."
    ),
    "edge_disabled": Refusal(403, "Edge disabled", "The edge is disabled. Ask an administrator to enable it."),
    "certificate_superseded": Refusal(
        409, "Certificate superseded", "This certificate was renewed with another key pair. Use the newer one."
    ),
    "renewal_not_due": Refusal(
        409, "Renewal not due", "Renew from renew_after on: when a third of the certificate's life is left."
    ),
}
REFUSALS: dict[str, Refusal] = {
    **RENEWAL_REFUSALS,
    "malformed_request": Refusal(
        400,
        "Malformed request",
        "Send a JSON object with exactly the members of docs/enrollment.md, without query string or Authorization.",
    ),
    "malformed_key": Refusal(
        400,
        "Malformed provisioning key",
        "The key text is damaged. Copy it again, from the first character to the last.",
    ),
    "wrong_cloud": Refusal(400, "Wrong cloud", "This key belongs to another portal. Ask for a key of this one."),
    "invalid_provisioning_key": Refusal(
        401, "Invalid provisioning key", "The key is not known here. Ask an administrator for a new one."
    ),
    "key_disabled": Refusal(403, "Key disabled", "The key is disabled. Ask an administrator to enable it."),
    "key_expired": Refusal(
        403, "Key expired", "The key has expired. Ask an administrator to extend it or for a new one."
    ),
    "group_disabled": Refusal(403, "Group disabled", "The key's group is disabled. Ask an administrator to enable it."),
    "network_not_allowed": Refusal(
        403,
        "Network not allowed",
        "The key may not be used from this address. Ask an administrator which networks may.",
    ),
    "key_exhausted": Refusal(
        403, "Key used up", "All uses of the key are taken. Ask an administrator to raise its limit."
    ),
    "public_key_in_use": Refusal(409, "Public key in use", "This key pair belongs to another edge. Make a new one."),
    "enrollment_conflict": Refusal(
        409,
        "Enrollment conflict",
        "The edge of this key pair was revoked, disabled or deleted, or its certificate expired. Make a new key pair.",
    ),
    "trust_anchor_mismatch": Refusal(
        409,
        "Trust anchor mismatch",
        "The certificate would have a different root than the one trust_anchor_sha256 names. Nothing was consumed. "
        "Ask an administrator for a new key.",
    ),
    "length_required": Refusal(411, "Length required", "Send a Content-Length; chunked bodies are not accepted."),
    "too_large": Refusal(413, "Too large", "The request may be at most 16 KiB."),
    "unsupported_media_type": Refusal(415, "Unsupported media type", "Send Content-Type: application/json."),
    "csr_malformed": Refusal(
        422, "Malformed CSR", "Send one certificate request (PKCS #10) as a PEM block CERTIFICATE REQUEST."
    ),
    "csr_signature_invalid": Refusal(
        422, "Invalid CSR signature", "Sign the CSR with its own key and SHA-256, SHA-384 or SHA-512."
    ),
    "csr_key_rejected": Refusal(
        422, "Key rejected", "Use a fresh P-256, P-384 or RSA key (at least the configured size, exponent 65537)."
    ),
    "csr_extension_not_allowed": Refusal(
        422, "CSR extension not allowed", "Ask for no CA rights: the portal decides what an edge may do."
    ),
    "rate_limited": Refusal(429, "Too many attempts", "Too many refused attempts from this network. Wait.", 60),
    "busy": Refusal(503, "Busy", "Try again with the same key pair: that costs no second use.", 5),
    "signer_unavailable": Refusal(503, "Signer unavailable", "Nothing was consumed. Tell an administrator.", 60),
    "issuer_unavailable": Refusal(
        503,
        "Issuer unavailable",
        "No certificate that may sign this one is enabled and in force. Nothing was consumed. Tell an administrator.",
        300,
    ),
}

# Refusals before the caller proved a secret: counted, and recorded at most once a minute for each network.
BEFORE_PROOF = frozenset(
    {
        "malformed_request",
        "malformed_key",
        "wrong_cloud",
        "invalid_provisioning_key",
        "unknown_certificate",
        "clock_differs",
        "length_required",
        "too_large",
        "unsupported_media_type",
        "rate_limited",
    }
)


LONGEST_FAULT = 300


class Refused(Exception):
    """A request of an edge is refused. `code` is stable and public.

    `fault` describes in one or two sentences what is wrong with the request: printable ASCII, at most LONGEST_FAULT
    characters, and no part of the request but numbers. It is empty when the code is enough.
    """

    def __init__(self, code: str, fault: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.fault = fault

    @property
    def detail(self) -> str:
        """The text of the answer: the fault, else the text of the code."""
        return self.fault or self.refusal.detail

    @property
    def for_audit(self) -> dict[str, str]:
        """What an event holds of it beside the code."""
        return {"fault": self.fault} if self.fault else {}

    @property
    def refusal(self) -> Refusal:
        """The status, title and sentence of the code."""
        return REFUSALS[self.code]
