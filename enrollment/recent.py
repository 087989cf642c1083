"""How machines fared with the keys of a page lately: from where the last one came, and who was refused."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import CharField, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Cast
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from enrollment.history import reason_in_words
from enrollment.models import ServiceEdge
from keys.models import ProvisioningKey
from keys.presentation import time_element
from portal import audit

WINDOW = timedelta(hours=24)
# More are not counted: a page of a hundred keys under attack must stay as quick as any other.
MOST = 100

_LAST_FROM = "<div><dt>Last used from</dt><dd>{}</dd></div>"
_NEVER = "<div><dt>Last refused</dt><dd>Never</dd></div>"
_REFUSED = (
    '<div><dt>Last refused</dt><dd>{}<br>{} <code>{}</code><br><a href="{}">{} in the last 24 hours</a></dd></div>'
)


class _Count(Subquery):
    """How many rows a limited subquery has."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) refused)"
    output_field = IntegerField()


class Recent:
    """The teller of `keys.recent`; each look-up is at the end of an index."""

    def read_along(self, keys: QuerySet[ProvisioningKey]) -> QuerySet[ProvisioningKey]:
        edges = ServiceEdge.objects.filter(key_public_id=OuterRef("public_id"), use_number=OuterRef("uses"))
        refused = audit.refusals().filter(object_id=Cast(OuterRef("pk"), CharField()))
        return keys.annotate(
            last_from=Subquery(edges.order_by().values("enrolled_from")[:1]),
            refused_at=Subquery(refused.values("at")[:1]),
            refused_why=Subquery(refused.values("reason")[:1]),
            refused_lately=_Count(refused.filter(at__gt=timezone.now() - WINDOW).values("pk")[:MOST]),
        )

    def say(self, key: ProvisioningKey) -> SafeString:
        read: dict[str, Any] = vars(key)
        if "refused_at" not in read:
            return SafeString()
        last_from = format_html(_LAST_FROM, read["last_from"]) if read["last_from"] else ""
        return SafeString(last_from + _refusals(key, read))


def _refusals(key: ProvisioningKey, read: dict[str, Any]) -> str:
    if not read["refused_at"]:
        return _NEVER
    lately = f"{MOST} or more" if read["refused_lately"] >= MOST else read["refused_lately"] or "None"
    words, history = reason_in_words(read["refused_why"]), f"{key.get_absolute_url()}#history"
    return format_html(_REFUSED, time_element(read["refused_at"]), words, read["refused_why"], history, lately)
