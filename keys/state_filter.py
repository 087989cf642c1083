"""The keys in one state, in SQL. `keys.models.key_state` decides for one key; a test compares the two.

Certificates are few, so they are read and judged first; a condition then names the ids of those that block their keys.
A million keys are not read for one page: what few keys meet is found by an index, and what many meet is found while the
keys are read in the order of the page, which stops when the page is full.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from functools import reduce
from operator import and_, or_
from typing import NamedTuple

from django.db.models import Q

from keys.models import KeyState, ProvisioningKey, ServiceEdgeGroup, SigningCertificate, UseState
from keys.models.key_state import CertificateFacts, certificate_state
from portal.lists.counting import COUNTED, capped_count

# No row: Django has no SQL for an empty list.
_NONE = Q(pk=0)


class _Reason(NamedTuple):
    """One condition, written twice: `named` is found by an index; `left` is a negation, for which none is used."""

    named: Q
    left: Q | None = None

    def cheaper(self) -> Q:
        """The one that reads fewer keys."""
        if self.left is None or capped_count(ProvisioningKey.objects.filter(self.named)) <= COUNTED:
            return self.named
        return self.left


def in_state(state: KeyState, now: datetime) -> Q:
    """The keys that are in this state at this moment."""
    groups = ServiceEdgeGroup.objects.order_by().values("pk")
    # In the order of `key_state`: a key is in the state of the first condition that it meets.
    reasons = {
        KeyState.DISABLED: _Reason(Q(enabled=False)),
        KeyState.GROUP_DISABLED: _Reason(
            Q(group__in=groups.filter(enabled=False)), ~Q(group__in=groups.filter(enabled=True))
        ),
        KeyState.EXPIRED: _Reason(Q(expires_at__lte=now), ~Q(expires_at__gt=now) & ~Q(expires_at=None)),
        KeyState.AT_LIMIT: _Reason(Q(use_state=UseState.FULL)),
        **_of_certificates(now),
        KeyState.NEARLY_USED_UP: _Reason(Q(use_state=UseState.HIGH)),
    }
    before = list(reasons)[: list(reasons).index(state)] if state in reasons else list(reasons)
    own = reasons[state].cheaper() if state in reasons else Q() if state == KeyState.READY else _NONE
    return reduce(and_, [~reasons[each].named for each in before], own)


def _of_certificates(now: datetime) -> dict[KeyState, _Reason]:
    """The conditions that the signing certificate decides, without those that no certificate meets."""
    blocking: dict[KeyState, list[int]] = defaultdict(list)
    signing: dict[str, list[int]] = defaultdict(list)
    columns = ("pk", "enabled", "not_before", "not_after", "sealed_with", "trust_anchor_sha256")
    for pk, enabled, first, last, sealed_with, root in SigningCertificate.objects.values_list(*columns):
        found = certificate_state(CertificateFacts(enabled, first, last, sealed_with is not None, root), now)
        (signing[root] if found is None else blocking[found]).append(pk)
    every = [pk for ids in (*signing.values(), *blocking.values()) for pk in ids]
    blocked = {
        state: _Reason(
            Q(signing_certificate__in=ids), ~Q(signing_certificate__in=[pk for pk in every if pk not in set(ids)])
        )
        for state, ids in blocking.items()
    }
    # Ranges, because an index finds them and not what differs. Below the text "" is nothing: no pin is known.
    apart = [
        Q(signing_certificate__in=ids, pin__gt=root) | Q(signing_certificate__in=ids, pin__gt="", pin__lt=root)
        for root, ids in signing.items()
    ]
    same = [Q(signing_certificate__in=ids, pin__in=["", root]) for root, ids in signing.items()]
    different = _Reason(reduce(or_, apart, _NONE), ~reduce(or_, same, _NONE))
    return {**blocked, KeyState.DIFFERENT_ROOT: different}
