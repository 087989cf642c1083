"""Metrics for Prometheus. Labels are fixed codes, never input."""

from __future__ import annotations

import hmac
import logging
import os
from collections.abc import Iterable

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, InterfaceError
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.module_loading import import_string
from django.views.decorators.http import require_GET
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Counter, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector

logger = logging.getLogger(__name__)
ENROLLMENTS = Counter("portal_enrollments", "Answers of the enrollment endpoint by stable code.", ["code"])
SIGN_INS = Counter("portal_sign_ins", "Sign-ins by result.", ["result"])


class _Sources:
    """Gauges read from the database, by the functions that METRICS_SOURCES names by dotted path."""

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterable[Metric]:
        try:
            return [metric for path in settings.METRICS_SOURCES for metric in import_string(path)()]
        except (DatabaseError, InterfaceError) as error:
            # The counters are in memory, and useful while the database is down.
            logger.error("gauges not read", extra={"kind": type(error).__name__})
            return ()


def _may_read(request: HttpRequest) -> bool:
    if settings.METRICS_OPEN:
        return True
    expected = f"Bearer {settings.METRICS_TOKEN}".encode()
    sent = request.headers.get("Authorization", "").encode()
    return bool(settings.METRICS_TOKEN) and hmac.compare_digest(expected, sent)


@require_GET
@login_not_required
def metrics(request: HttpRequest) -> HttpResponse:
    """Counters and gauges as text; 404 without the token, as for an address that does not exist."""
    if not _may_read(request):
        raise Http404
    counters, gauges = REGISTRY, CollectorRegistry()
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        # Each worker of gunicorn counts in its own file; the collector adds them up.
        counters = CollectorRegistry()
        MultiProcessCollector(counters)
    gauges.register(_Sources())
    return HttpResponse(generate_latest(counters) + generate_latest(gauges), content_type=CONTENT_TYPE_LATEST)
