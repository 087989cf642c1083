"""The keys in one state, in SQL. `keys.models.key_state` decides for one key; a test compares the two.

Certificates are few, so they are read and judged first; a condition then names the ids of those that block their keys.
A million keys are not read for one page: each reason is found by an index, and a page of what many meet is read in its
order (`for_page` in `portal.lists.list_filters`). Where one reason keeps back almost all keys, few are *Ready* or
*Nearly used up*; then the keys that this reason leaves are found first.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from functools import reduce
from operator import and_, or_
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet, Value

from keys.models import KeyState, ProvisioningKey, ServiceEdgeGroup, SigningCertificate, UseState
from keys.models.key_state import CertificateFacts, certificate_state
from portal.lists.counting import COUNTED, RowCount

# No row: Django has no SQL for an empty list.
_NONE = Q(pk=0)
# The states of a key that nothing keeps back, with its states of use.
_OPEN = {KeyState.READY: [UseState.UNUSED, UseState.FREE], KeyState.NEARLY_USED_UP: [UseState.HIGH]}
# These depend on the pin of a key. A reason that comes before the root does not.
_BY_PIN = (KeyState.DIFFERENT_ROOT, *_OPEN)
# Certificates find the keys of these states, but each is asked whether its group is disabled, which comes first.
ASKED = (
    KeyState.CERTIFICATE_DISABLED,
    KeyState.CERTIFICATE_EXPIRED,
    KeyState.CERTIFICATE_NOT_YET_VALID,
    KeyState.CERTIFICATE_PENDING,
    KeyState.CERTIFICATE_WITHOUT_PRIVATE_KEY,
    KeyState.DIFFERENT_ROOT,
)
# Keys that are in neither state, as values of columns: an index finds them, and not what is excluded.
_NOT = {
    KeyState.DISABLED: Q(enabled__in=[True]),
    KeyState.AT_LIMIT: Q(use_state__in=[each for each in UseState if each != UseState.FULL]),
}


class _Certificate(NamedTuple):
    """A signing certificate: the state of its keys that follows from it, its root, and which pins its keys have.

    `above` and `below`: whether keys that are enabled and have uses left have a pin that sorts after or before it.
    """

    pk: int
    state: KeyState | None
    root: str
    above: bool
    below: bool


def in_state(state: KeyState, now: datetime, *, counted: bool = False) -> Q:
    """The keys that are in this state at this moment. Reads the certificates, in one statement.

    If they are `counted`, no order matters and nothing is counted before.
    """
    keys, groups = ProvisioningKey.objects.order_by(), ServiceEdgeGroup.objects.order_by().values("pk")
    signing = SigningCertificate.objects.order_by().filter(enabled=True, sealed_with__isnull=False, not_after__gt=now)
    left = [
        keys.filter(signing_certificate__in=signing.values("pk")),
        keys.filter(group__in=groups.filter(enabled=True)),
        # PostgreSQL knows how many have each state of use, and reads those in a range of an index.
        *([] if connection.vendor == "postgresql" else [keys.filter(use_state__in=_OPEN.get(state, []))]),
    ]
    is_rarest_asked = state in _OPEN and not counted
    certificates, numbers = _read_certificates(
        now, with_pins=state in _BY_PIN, counted=[keys, *left] if is_rarest_asked else []
    )
    # In the order of `key_state`: a key is in the state of the first condition that it meets.
    reasons = {
        KeyState.DISABLED: Q(enabled=False),
        KeyState.GROUP_DISABLED: Q(group__in=groups.filter(enabled=False)),
        KeyState.EXPIRED: Q(expires_at__lte=now),
        KeyState.AT_LIMIT: Q(use_state=UseState.FULL),
        **_of_certificates(certificates),
        KeyState.NEARLY_USED_UP: Q(use_state=UseState.HIGH),
        KeyState.READY: Q(use_state__in=_OPEN[KeyState.READY]),
    }
    if state not in reasons:
        return _NONE
    # Every key meets the opposite of what none meets, but not every index has its column.
    earlier = [each for each in list(reasons)[: list(reasons).index(state)] if reasons[each] is not _NONE]
    # Where all are counted, the keys that a certificate blocks are ranges of its index.
    values = _NOT if counted and KeyState.AT_LIMIT in earlier and state not in _OPEN else {}
    found = reduce(and_, (values.get(each, ~reasons[each]) for each in earlier), reasons[state])
    if not numbers:
        return found
    of, *numbers = numbers
    fewest = min(numbers)
    return found & Q(pk__in=left[numbers.index(fewest)].values("pk")) if fewest <= COUNTED < of else found


def _read_certificates(
    now: datetime, *, with_pins: bool, counted: Sequence[QuerySet[Any]]
) -> tuple[list[_Certificate], Sequence[int]]:
    """All certificates, and how many rows are `counted` in the same statement. Without pins no key has another root."""
    root = OuterRef("trust_anchor_sha256")
    keys = ProvisioningKey.objects.order_by().filter(*_NOT.values(), signing_certificate=OuterRef("pk"))
    # Ranges, because an index finds them and not what differs. Below the text "" is nothing: no pin is known.
    ranges = {"above": Q(pin__gt=root), "below": Q(pin__gt="", pin__lt=root)}
    apart = {name: Exists(keys.filter(each)) if with_pins else Value(False) for name, each in ranges.items()}
    counts = {f"count_{place}": RowCount(each.values("pk")) for place, each in enumerate(counted)}
    columns = ("pk", "enabled", "not_before", "not_after", "sealed_with", "trust_anchor_sha256")
    rows = list(SigningCertificate.objects.annotate(**apart, **counts).values_list(*columns, *apart, *counts))
    certificates = []
    for pk, enabled, first, last, sealed_with, pin, above, below, *_ in rows:
        facts = CertificateFacts(enabled, first, last, sealed_with is not None, pin)
        certificates.append(_Certificate(pk, certificate_state(facts, now), pin, above, below))
    # They are the same in each row.
    return certificates, rows[0][len(columns) + len(apart) :] if rows else ()


def _of_certificates(certificates: list[_Certificate]) -> dict[KeyState, Q]:
    """The conditions that the signing certificate decides, without those that no key meets because of it."""
    blocking: dict[KeyState, list[int]] = defaultdict(list)
    above: dict[str, list[int]] = defaultdict(list)
    below: dict[str, list[int]] = defaultdict(list)
    for each in certificates:
        if each.state is not None:
            blocking[each.state].append(each.pk)
        if each.state is None and each.above:
            above[each.root].append(each.pk)
        if each.state is None and each.below:
            below[each.root].append(each.pk)
    blocked = {state: Q(signing_certificate__in=ids) for state, ids in blocking.items()}
    apart = [
        *(Q(signing_certificate__in=ids, pin__gt=root) for root, ids in above.items()),
        *(Q(signing_certificate__in=ids, pin__gt="", pin__lt=root) for root, ids in below.items()),
    ]
    return {**blocked, KeyState.DIFFERENT_ROOT: reduce(or_, apart) if apart else _NONE}
