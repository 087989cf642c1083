"""The age of revocation lists, for metrics, `manage.py check` and /readyz."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from django.db.models import Count, Q
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from enrollment.models import IssuedCertificate, RevocationList
from enrollment.operations.revocation_lists import RENEWED_AFTER, publish, signs_lists
from keys.models import SigningCertificate

# The timer runs every 20 seconds, so a list that is an hour late means that it does not run.
_LATE_AFTER = RENEWED_AFTER + timedelta(hours=1)
_AGE = "Seconds since a revocation list became valid, by signing certificate; it is renewed daily."
_WAITING = "Revoked certificates that no published list names yet, by signing certificate."


def metrics() -> Iterable[Metric]:
    """`portal_crl_age_seconds` and `portal_crl_waiting`; the label is the id under /pki/."""
    now, newest = datetime.now(UTC), _newest()
    age = GaugeMetricFamily("portal_crl_age_seconds", _AGE, labels=["issuer"])
    for issuer_id, this_update in newest.items():
        age.add_metric([str(issuer_id)], (now - this_update).total_seconds())
    waiting = GaugeMetricFamily("portal_crl_waiting", _WAITING, labels=["issuer"])
    found = IssuedCertificate.objects.revoked().filter(listed_at=None).values_list("issuer_id")
    # 0 where nothing waits, so that the series of an issuer does not come and go.
    counts = dict.fromkeys(newest, 0) | dict(found.annotate(Count("pk")).order_by("issuer_id"))
    for issuer_id, count in counts.items():
        waiting.add_metric([str(issuer_id)], count)
    return age, waiting


def late(now: datetime | None = None) -> list[str]:
    """The names of signing certificates whose list is at least an hour late or from the future.

    A list from the future was signed while the clock was ahead, and nobody accepts it yet.
    """
    now = now or datetime.now(UTC)
    newest = _newest()
    issuers = SigningCertificate.objects.filter(pk__in=newest).order_by("pk")
    in_time = {pk for pk, this_update in newest.items() if now - _LATE_AFTER <= this_update <= now}
    return [each.name for each in issuers if signs_lists(each, now) and each.pk not in in_time]


def no_list_has_expired() -> bool:
    """Whether each list is valid. Renews those that are not, where it can. For /readyz."""
    now = datetime.now(UTC)
    unusable = RevocationList.objects.filter(Q(next_update__lte=now) | Q(this_update__gt=now)).values("issuer_id")
    issuers = SigningCertificate.objects.filter(pk__in=unusable)
    return all(publish(each).is_current for each in issuers if signs_lists(each, now))


def _newest() -> dict[int, datetime]:
    """When the newest list of each issuer became valid. An issuer whose list was never requested has none."""
    return dict(RevocationList.objects.order_by("issuer_id", "number").values_list("issuer_id", "this_update"))
