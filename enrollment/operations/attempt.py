"""One request of a machine for a certificate, with everything that decides its outcome."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from cryptography import x509
from django.conf import settings

from enrollment.errors import Refused
from enrollment.models import IssuedCertificate
from enrollment.operations.lookup import FoundKey
from enrollment.pki import csr
from enrollment.pki.csr import JudgedCSR
from keys.models.key_state import is_different_root
from portal.actors import Actor


@dataclass(kw_only=True)
class Attempt:
    """What enrollment and renewal have in common. Its CSR is judged once, when it is first needed.

    `csr_pem` is the CSR as it was sent. `wanted_anchor` is the SHA-256 (hex) of the public key of the only root that
    the machine accepts; empty: any root. `now` is in UTC.
    """

    csr_pem: str
    wanted_anchor: str
    caller: Actor
    now: datetime

    @property
    def judged(self) -> JudgedCSR:
        """What is taken from the CSR. Raises Refused as `csr.judge`."""
        if isinstance(self._judgment, Refused):
            raise self._judgment
        return self._judgment

    @property
    def spki_sha256(self) -> str:
        """The digest that identifies the key pair of the CSR; empty when the CSR is refused."""
        return "" if isinstance(self._judgment, Refused) else self._judgment.spki_sha256

    @cached_property
    def _judgment(self) -> JudgedCSR | Refused:
        try:
            return csr.judge(self.csr_pem, settings.EDGE_RSA_MINIMUM_BITS, self._names())
        except Refused as refused:
            return refused

    def _names(self) -> bytes | None:
        """The alternative name that the CSR may ask for (see `csr.judge`)."""
        return None

    def require_anchor(self, sha256: str) -> None:
        """Raises Refused: trust_anchor_mismatch, when the machine does not accept the root with this public key."""
        if is_different_root(self.wanted_anchor, sha256):
            raise Refused("trust_anchor_mismatch")


@dataclass(kw_only=True)
class EnrollmentAttempt(Attempt):
    """A machine presents a key and has proved its secret. `state` is read again when the key changes meanwhile."""

    state: FoundKey


@dataclass(kw_only=True)
class RenewalAttempt(Attempt):
    """An edge presents its `current` certificate and has proved that it holds the private key."""

    current: IssuedCertificate

    def _names(self) -> bytes | None:
        extensions = x509.load_der_x509_certificate(bytes(self.current.der)).extensions
        return extensions.get_extension_for_class(x509.SubjectAlternativeName).value.public_bytes()
