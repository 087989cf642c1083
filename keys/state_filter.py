"""The keys in one state, in SQL. `keys.models.key_state` decides for one key; a test compares the two.

Certificates are few, so they are read and judged first; a condition then names the ids of those that block their keys.
A million keys are not read for one page: what few keys meet is found by an index, and what many meet is found while the
keys are read in the order of the page, which stops when the page is full. Where one reason keeps back almost all keys,
few are *Ready* or *Nearly used up*; then the keys that this reason leaves are found first.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import reduce
from operator import add, and_, itemgetter, or_
from typing import NamedTuple

from django.db.models import OuterRef, Q, Value

from keys.models import KeyState, ProvisioningKey, ServiceEdgeGroup, SigningCertificate, UseState
from keys.models.key_state import CertificateFacts, certificate_state
from portal.lists.counting import COUNTED, RowCount, capped

# No row: Django has no SQL for an empty list.
_NONE = Q(pk=0)
# The states of a key that nothing keeps back, with its states of use.
_OPEN = {KeyState.READY: [UseState.UNUSED, UseState.FREE], KeyState.NEARLY_USED_UP: [UseState.HIGH]}


class _Reason(NamedTuple):
    """One condition, written twice: `named` is found by an index; `left` is a negation, for which none is used."""

    named: Q
    left: Q | None = None


class _Certificate(NamedTuple):
    """A signing certificate: the state of its keys that follows from it, its root, and how many keys were counted.

    The other counts are of the keys of all certificates: all, those in enabled groups, those in the state of use.
    """

    pk: int
    state: KeyState | None
    root: str
    met: int
    of: int
    in_groups: int
    in_use: int


def in_state(state: KeyState, now: datetime, *, counted: bool = False) -> Q:
    """The keys that are in this state at this moment. Reads the certificates, in one statement.

    If they are `counted`, no order matters: then they are found by an index that has all that decides, however many
    meet the condition.
    """
    groups = ServiceEdgeGroup.objects.order_by().values("pk")
    # In the order of `key_state`: a key is in the state of the first condition that it meets.
    first = {
        KeyState.DISABLED: _Reason(Q(enabled=False)),
        KeyState.GROUP_DISABLED: _Reason(
            Q(group__in=groups.filter(enabled=False)), ~Q(group__in=groups.filter(enabled=True))
        ),
        KeyState.EXPIRED: _Reason(Q(expires_at__lte=now), ~Q(expires_at__gt=now) & ~Q(expires_at=None)),
        KeyState.AT_LIMIT: _Reason(Q(use_state=UseState.FULL)),
    }
    of_group = Q(group__in=groups.filter(enabled=True))
    of_use = Q(use_state__in=_OPEN.get(state, []))
    if counted:
        certificates = _read_certificates([], [], now)
    else:
        certificates = _read_certificates(
            _counted(state, first), [Q(), of_group, of_use] if state in _OPEN else [], now
        )
    reasons = {
        **first,
        **_of_certificates(certificates),
        KeyState.NEARLY_USED_UP: _Reason(Q(use_state=UseState.HIGH)),
        KeyState.READY: _Reason(Q()),
    }
    own = reasons.get(state, _Reason(_NONE))
    # The counts of a certificate matter to its own state, others to every state.
    is_common = any(each.met > COUNTED for each in certificates if state in first or state == _state_met(each))
    before = [reasons[each].named for each in list(reasons)[: list(reasons).index(state)]] if state in reasons else []
    found = reduce(and_, (~each for each in before), own.left if own.left is not None and is_common else own.named)
    if not any(each.of > COUNTED for each in certificates):
        return found
    signing = [each for each in certificates if each.state is None]
    left = [
        # No certificate has the id 0.
        (sum(each.met for each in signing), Q(signing_certificate__in=[each.pk for each in signing] or [0])),
        (certificates[0].in_groups, of_group),
        (certificates[0].in_use, of_use),
    ]
    fewest, rarest = min(left, key=itemgetter(0))
    return (
        found & Q(pk__in=ProvisioningKey.objects.order_by().filter(rarest).values("pk")) if fewest <= COUNTED else found
    )


def _counted(state: KeyState, first: Mapping[KeyState, _Reason]) -> Sequence[Q]:
    """The keys to count with each certificate, to know whether many meet the condition of a state.

    Each is one range of an index: for a condition with OR, SQLite would read all keys of a certificate.
    """
    if state in first:
        return [first[state].named] if first[state].left is not None else []
    of_certificate = Q(signing_certificate=OuterRef("pk"))
    if state == KeyState.DIFFERENT_ROOT:
        return [of_certificate & pins for pins in _pins_apart_from(OuterRef("trust_anchor_sha256"))]
    return [of_certificate]


def _read_certificates(counted: Sequence[Q], every: Sequence[Q], now: datetime) -> list[_Certificate]:
    keys = ProvisioningKey.objects
    met = reduce(add, (RowCount(capped(keys.filter(each))) for each in counted), Value(0))
    of_all: list[RowCount | Value] = [RowCount(capped(keys.filter(each))) for each in every]
    of, in_groups, in_use = of_all or [Value(0)] * 3
    columns = ("pk", "enabled", "not_before", "not_after", "sealed_with", "trust_anchor_sha256")
    counts = {"met": met, "of": of, "in_groups": in_groups, "in_use": in_use}
    return [
        _Certificate(
            pk,
            certificate_state(CertificateFacts(enabled, first, last, sealed_with is not None, root), now),
            root,
            *met,
        )
        for pk, enabled, first, last, sealed_with, root, *met in SigningCertificate.objects.annotate(
            **counts
        ).values_list(*columns, *counts)
    ]


def _state_met(certificate: _Certificate) -> KeyState:
    """The state of the keys counted with a certificate: all that use it, or, if it signs, those with another pin."""
    return certificate.state or KeyState.DIFFERENT_ROOT


def _of_certificates(certificates: list[_Certificate]) -> dict[KeyState, _Reason]:
    """The conditions that the signing certificate decides, without those that no certificate meets."""
    blocking: dict[KeyState, list[int]] = defaultdict(list)
    signing: dict[str, list[int]] = defaultdict(list)
    for each in certificates:
        (signing[each.root] if each.state is None else blocking[each.state]).append(each.pk)
    every = {each.pk for each in certificates}
    blocked = {
        state: _Reason(Q(signing_certificate__in=ids), ~Q(signing_certificate__in=every - set(ids)))
        for state, ids in blocking.items()
    }
    # Ranges, because an index finds them and not what differs. Below the text "" is nothing: no pin is known.
    apart = [Q(signing_certificate__in=ids) & reduce(or_, _pins_apart_from(root)) for root, ids in signing.items()]
    same = [Q(signing_certificate__in=ids, pin__in=["", root]) for root, ids in signing.items()]
    return {**blocked, KeyState.DIFFERENT_ROOT: _Reason(reduce(or_, apart, _NONE), ~reduce(or_, same, _NONE))}


def _pins_apart_from(root: str | OuterRef) -> tuple[Q, Q]:
    return Q(pin__gt=root), Q(pin__gt="", pin__lt=root)
