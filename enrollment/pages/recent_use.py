"""Recent use of the keys of a page: where the last enrollment came from, and the last refusal."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db.models import BigIntegerField, CharField, OuterRef, Subquery
from django.db.models.expressions import Combinable, RawSQL
from django.db.models.functions import Cast, Coalesce
from django.utils import timezone
from django.utils.html import format_html

from enrollment.models import ServiceEdge
from enrollment.pages.history import reason_in_words
from keys.models import ProvisioningKey
from portal import audit, record_addresses
from portal.audit_detail import Times
from portal.lists.written import Written
from portal.times import time_element

WINDOW = timedelta(hours=24)
# No more events are counted, so that a page of a hundred keys under attack is as fast as any other.
MOST = 100

_LAST_FROM = "<div><dt>Last used from</dt><dd>{}</dd></div>"
_NEVER = "<div><dt>Last refused</dt><dd>Never</dd></div>"
_REFUSED = '<div><dt>Last refused</dt><dd>{}<br>{}<br><a href="{}">{} in the last 24 hours</a></dd></div>'


class _Sum(Subquery):
    """The sum of `times`, the only column of a correlated query. One event may count for many."""

    template = "(SELECT COALESCE(SUM(times), 0) FROM (%(subquery)s) counted)"
    output_field = BigIntegerField()


def expressions() -> dict[str, RawSQL]:
    """What the list of keys reads in the query of the keys."""
    now = timezone.now()
    # Without events dated while the clock was ahead. The clocks of two hosts may differ by a minute.
    return _BESIDE_KEYS.at(now - WINDOW, now + timedelta(minutes=1))


def _beside_keys(first: datetime, last: datetime) -> dict[str, Combinable]:
    """Each reads one end of an index."""
    edges = ServiceEdge.objects.filter(key_public_id=OuterRef("public_id"), use_number=OuterRef("uses"))
    refused = audit.refusals().filter(object_id=Cast(OuterRef("pk"), CharField()))
    lately = refused.filter(at__range=(first, last))
    return {
        "last_from": Subquery(edges.order_by().values("enrolled_from")[:1]),
        "refused_at": Subquery(refused.values("at")[:1]),
        "refused_why": Subquery(refused.values("reason")[:1]),
        "refused_lately": _Sum(lately.values(times=Coalesce(Times("detail"), 1))[:MOST]),
    }


_BESIDE_KEYS = Written(ProvisioningKey, _beside_keys, moments=2)


def entries(key_id: int, values: Mapping[str, Any]) -> str:
    """Entries for a key's details, as HTML: where the last use came from, and the last refusal."""
    last_from = format_html(_LAST_FROM, values["last_from"]) if values["last_from"] else ""
    if not values["refused_at"]:
        return last_from + _NEVER
    lately = f"{MOST} or more" if values["refused_lately"] >= MOST else values["refused_lately"] or "None"
    words = reason_in_words(values["refused_why"])
    history = f"{record_addresses.of('keys:key-detail', key_id)}#timeline"
    return last_from + format_html(_REFUSED, time_element(values["refused_at"]), words, history, lately)
