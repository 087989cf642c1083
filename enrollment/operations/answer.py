"""The answer to an edge that is admitted, for the first time or again. Pure."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from enrollment.pki.csr import JudgedCSR


class _Certificate(Protocol):
    """A certificate just signed or a stored one."""

    @property
    def pem(self) -> str: ...
    @property
    def not_before(self) -> datetime: ...
    @property
    def not_after(self) -> datetime: ...


@dataclass(frozen=True, slots=True)
class Enrolled:
    """What the endpoints send to an edge. `replayed`: the certificate was issued before, to the same key pair.

    `chain` starts with the issuer and ends before the trust anchor. `ignored_extensions` names what the CSR asked for
    and did not get.
    """

    edge_uuid: uuid.UUID
    edge_name: str
    group: str
    certificate: str
    chain: tuple[str, ...]
    trust_anchor: str
    not_before: datetime
    not_after: datetime
    replayed: bool
    ignored_extensions: tuple[str, ...] = ()

    @property
    def renew_after(self) -> datetime:
        """The moment from which a third of the certificate's life is left."""
        return renew_after(self.not_before, self.not_after)


def renew_after(not_before: datetime, not_after: datetime) -> datetime:
    """The moment from which a certificate valid in this period may be renewed: a third of its life is left."""
    return not_after - (not_after - not_before) / 3


def answer(
    edge_uuid: uuid.UUID,
    edge_name: str,
    group: str,
    certificate: _Certificate,
    chain: Sequence[str],
    judged: JudgedCSR,
    *,
    replayed: bool = False,
) -> Enrolled:
    """The answer with this certificate. `chain` (PEM) starts with its issuer and ends with the root."""
    *below_root, root = chain
    return Enrolled(
        edge_uuid=edge_uuid,
        edge_name=edge_name,
        group=group,
        certificate=certificate.pem,
        chain=tuple(below_root),
        trust_anchor=root,
        not_before=certificate.not_before,
        not_after=certificate.not_after,
        replayed=replayed,
        ignored_extensions=judged.ignored_extensions,
    )
