"""How old the revocation lists are: for monitoring, for `manage.py check` and for /readyz."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from django.db.models import Count, Q
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from enrollment.models import IssuedCertificate, RevocationList
from enrollment.operations.revocation_lists import RENEWED_AFTER, publish, signs_lists
from keys.models import SigningCertificate

# The timer looks every 20 seconds; an hour later it is not running.
_LATE_AFTER = RENEWED_AFTER + timedelta(hours=1)
_AGE = "Seconds since a revocation list became valid, by signing certificate; it is renewed daily."
_WAITING = "Revoked certificates that no published list names yet, by signing certificate."


def metrics() -> Iterable[Metric]:
    """`portal_crl_age_seconds` and `portal_crl_waiting`; the label is the id under /pki/."""
    now = datetime.now(UTC)
    age = GaugeMetricFamily("portal_crl_age_seconds", _AGE, labels=["issuer"])
    for issuer_id, this_update in _newest().items():
        age.add_metric([str(issuer_id)], (now - this_update).total_seconds())
    waiting = GaugeMetricFamily("portal_crl_waiting", _WAITING, labels=["issuer"])
    for issuer_id, count in _waiting().items():
        waiting.add_metric([str(issuer_id)], count)
    return age, waiting


def late(now: datetime | None = None) -> list[str]:
    """The names of signing certificates whose list exists and should have been renewed an hour ago or longer, or is
    from the future, made while the clock was ahead: nobody accepts it yet."""
    now = now or datetime.now(UTC)
    newest = _newest()
    issuers = SigningCertificate.objects.filter(pk__in=newest).order_by("pk")
    in_time = {pk for pk, this_update in newest.items() if now - _LATE_AFTER <= this_update <= now}
    return [each.name for each in issuers if signs_lists(each, now) and each.pk not in in_time]


def no_list_has_expired() -> bool:
    """Whether each list is valid now or can be renewed now, which this does: a probe behind /readyz."""
    now = datetime.now(UTC)
    unusable = RevocationList.objects.filter(Q(next_update__lte=now) | Q(this_update__gt=now)).values("issuer_id")
    issuers = SigningCertificate.objects.filter(pk__in=unusable)
    return all(publish(each).is_current for each in issuers if signs_lists(each, now))


def _newest() -> dict[int, datetime]:
    """When the newest list of each issuer became valid; an issuer that never was asked for one has none."""
    return dict(RevocationList.objects.order_by("issuer_id", "number").values_list("issuer_id", "this_update"))


def _waiting() -> dict[int, int]:
    # 0 where nothing waits, so that the series of an issuer does not come and go.
    counts = dict.fromkeys(RevocationList.objects.order_by("issuer_id").values_list("issuer_id", flat=True), 0)
    found = IssuedCertificate.objects.revoked().filter(listed_at=None).values_list("issuer_id")
    return counts | dict(found.annotate(Count("pk")).order_by("issuer_id"))
