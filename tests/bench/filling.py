"""What a database of the page benchmark holds: keys, groups, certificates, edges and events that go together."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from django.core.management import call_command
from django.db import connection, transaction
from django.db.models import Count, F
from django.http import QueryDict
from django.utils import timezone

from enrollment.models import ServiceEdge
from enrollment.pages.audit_log import EVENTS
from enrollment.pages.edge_list import EDGES
from keys.models import ProvisioningKey, SigningCertificate
from keys.operations import editing
from keys.pages.certificate_list import CERTIFICATES
from keys.pages.group_list import GROUPS
from keys.pages.key_list import KEYS
from portal import actors, audit
from portal.database import lift_statement_timeout
from portal.lists.listing import List
from tests.bench import many_certificates, many_edges, many_events, many_groups

_REQUEST = "bench-request-1"


def fill(keys: int) -> None:
    """Fill a migrated database with so many keys, edges and events, unless it has keys."""
    call_command("apply_vendor_manifest", verbosity=0)
    if ProvisioningKey.objects.exists():
        return
    lift_statement_timeout()
    with transaction.atomic():
        many_groups.add(keys)
        many_certificates.add()
        call_command("seed_keys", count=keys, verbosity=0)
        many_certificates.spread()
        # `seed_keys` makes only keys that expire later.
        expired = ProvisioningKey.objects.annotate(rest=F("pk") % 3).filter(rest=0, expires_at__isnull=False)
        expired.update(expires_at=timezone.now() - timedelta(days=1))
        _gather(keys)
        many_edges.add(keys)
        with_request = replace(actors.for_command("bench"), request_id=_REQUEST)
        audit.record(audit.Action.KEY_EDITED, with_request, editing.subject(ProvisioningKey.objects.earliest("pk")))
        many_events.add(keys)
    _analyze()
    # The connection that filled the database keeps more of it in memory than those of the portal.
    connection.close()


def _gather(keys: int) -> None:
    """Put about 4,000 keys into one group, so that what is filtered in it fills a page at each size."""
    if keys >= 10_000:
        # Odd, for keys of every certificate.
        gathered = ProvisioningKey.objects.annotate(rest=F("pk") % (keys // 2_000 | 1)).filter(rest__lt=2)
        gathered.update(group=ProvisioningKey.objects.filter(group__enabled=True).earliest("pk").group)


def _analyze() -> None:
    """Gather what autovacuum would some minutes later, in the middle of a measurement."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")


def terms() -> dict[str, str]:
    """The words of `list_pages`: what a search finds, what to filter by, and for each list a cursor to its middle."""
    edge = ServiceEdge.objects.latest("pk")
    return {
        "tail": ProvisioningKey.objects.earliest("pk").token_tail,
        "edge": edge.name,
        "group": str(KEYS.rows().order_by().values("group").annotate(number=Count("pk")).latest("number")["group"]),
        "key": str(ProvisioningKey.objects.get(public_id=edge.key_public_id).pk),
        "cert": str(SigningCertificate.objects.get(name="Service Edge").pk),
        "request": _REQUEST,
        "part": _part_of_names(),
        "day": f"{timezone.now() - timedelta(days=500):%Y-%m-%d}",
        **{f"after_{each.nouns}": _middle(each) for each in (KEYS, EDGES, GROUPS, CERTIFICATES, EVENTS)},
    }


def _part_of_names() -> str:
    """A part of names with which a page is full at each size, so that pages are compared that show as many keys."""
    for part in ("xyz", "xy", "x"):
        found = KEYS.filters(KEYS.state(QueryDict(f"q={part}")), KEYS.rows()).chosen
        if found is not None and found.order_by()[:101].count() > 100:
            return part
    raise ValueError("no page would be full")


def _middle(listed: List) -> str:
    state = listed.state(QueryDict())
    order, rows = listed.order(state), listed.rows()
    return order.write_cursor(rows.order_by(*order.by(state.descending))[rows.count() // 2])
