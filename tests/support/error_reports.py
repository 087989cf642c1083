"""The reports that Django makes of unforeseen errors, and may send to administrators."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.signals import got_request_exception
from django.views.debug import ExceptionReporter


@contextmanager
def error_reports() -> Iterator[list[str]]:
    """The reports of the errors inside the block, each as text and as HTML."""
    reports: list[str] = []

    def report(request: Any, **_: Any) -> None:
        reporter = ExceptionReporter(request, *sys.exc_info())
        reports.extend([reporter.get_traceback_text(), reporter.get_traceback_html()])

    got_request_exception.connect(report)
    try:
        yield reports
    finally:
        got_request_exception.disconnect(report)
