"""What an operator of an edge does about each refusal code of the portal, and the exit code of the run.

The portal's own sentence is printed before this advice. docs/edge.md prints this table. A test compares the two, and
compares the codes with `enrollment.errors`.
"""

from __future__ import annotations

from dataclasses import dataclass

from enrollment.edge.outcomes import REFUSED, TRY_LATER

NEW_EDGE = "To enroll as a new edge, which costs one use, give an empty --directory."
_ADMINISTRATOR = "Then run the same command again."
_PROXY = "Something between this machine and the portal changes requests, or one of the two programs is too old."
_REQUEST = (
    "The portal's message names the fault in the request. Something between this machine and the portal changes "
    "requests, or one of the two programs is too old."
)
_OTHER_KEY = "Ask for a key of the portal at --url, put it into --key-file and run the same command again."


@dataclass(frozen=True, slots=True)
class Advice:
    """What to do, and the exit code of one run. An enrolled edge with --watch waits after every refusal."""

    text: str
    exit_code: int = REFUSED


ADVICE = {
    "malformed_request": Advice(_PROXY),
    "malformed_key": Advice("Copy the key into --key-file again and run the same command again."),
    "wrong_cloud": Advice("Check --url. " + _OTHER_KEY),
    "invalid_provisioning_key": Advice(_OTHER_KEY),
    "key_disabled": Advice(_ADMINISTRATOR),
    "key_expired": Advice(_ADMINISTRATOR),
    "key_exhausted": Advice(_ADMINISTRATOR),
    "network_not_allowed": Advice(_ADMINISTRATOR),
    "group_disabled": Advice(_ADMINISTRATOR),
    "edge_disabled": Advice(_ADMINISTRATOR),
    "public_key_in_use": Advice(f"Use the provisioning key of the first attempt. {NEW_EDGE}"),
    "enrollment_conflict": Advice(NEW_EDGE),
    "trust_anchor_mismatch": Advice(
        "The portal's trust anchor is not the one that the key (later trust-anchor.pem) names. "
        f"Ask for a key made for the present root, or for this key to be moved back. {_ADMINISTRATOR}",
    ),
    "length_required": Advice(_PROXY),
    "too_large": Advice(_PROXY),
    "unsupported_media_type": Advice(_PROXY),
    "csr_malformed": Advice(_REQUEST),
    "csr_signature_invalid": Advice(_REQUEST),
    "csr_key_rejected": Advice(f"The portal's message names the fault of the key pair in key.pem. {NEW_EDGE}"),
    "csr_extension_not_allowed": Advice(_REQUEST),
    "unknown_certificate": Advice(
        f"Check --url: this portal has no record of the certificate in --directory. {NEW_EDGE}"
    ),
    "clock_differs": Advice("See timedatectl.", TRY_LATER),
    "certificate_revoked": Advice(NEW_EDGE),
    "certificate_expired": Advice(NEW_EDGE),
    "certificate_superseded": Advice(f"Another copy of this directory renewed first; use that one. {NEW_EDGE}"),
    "renewal_not_due": Advice("Nothing: the certificate is valid, and is renewed when due."),
    "rate_limited": Advice("A machine on this network sends a wrong key.", TRY_LATER),
    "busy": Advice("Nothing: the program tries again.", TRY_LATER),
    "signer_unavailable": Advice(_ADMINISTRATOR, TRY_LATER),
    "issuer_unavailable": Advice(_ADMINISTRATOR, TRY_LATER),
}
