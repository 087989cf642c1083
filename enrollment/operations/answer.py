"""What an edge is told when it is admitted, newly or again. Pure."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Enrolled:
    """What an edge is told. `replayed` means that this certificate had been issued before.

    `ignored_extensions` names what the CSR asked for and did not get.
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
        return self.not_after - (self.not_after - self.not_before) / 3
