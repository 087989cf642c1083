"""Logs: one JSON object a line, with the request id, without query strings, bodies or headers."""

from __future__ import annotations

import json
import logging
import re
from datetime import UTC, datetime

# Only these extras are written; an extra that nobody listed cannot leak.
EXTRAS = ("request_id", "kind", "code", "action", "status_code")
# A key that went astray into a path would otherwise be quoted by Django's "Not Found".
_KEY = re.compile(r"PSEK[\w+/=%-]+")


class JsonFormatter(logging.Formatter):
    """JSON escapes control characters, so no input can forge a second line (CVE-2025-48432 class)."""

    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": _KEY.sub("PSEK…", record.getMessage()),
        }
        entry.update({name: getattr(record, name) for name in EXTRAS if hasattr(record, name)})
        request_id = getattr(getattr(record, "request", None), "request_id", None)
        if request_id:
            entry["request_id"] = request_id
        if record.exc_info:
            entry["exception"] = self._traceback(record)
        return json.dumps(entry, default=str)

    @staticmethod
    def _traceback(record: logging.LogRecord) -> list[str]:
        """Where it happened and of what type. Messages are left out: database errors quote the values of a row."""
        kind, _error, frame = record.exc_info or (None, None, None)
        lines = [f"{kind.__module__}.{kind.__qualname__}" if kind else "unknown"]
        while frame:
            code = frame.tb_frame.f_code
            lines.append(f"{code.co_filename}:{frame.tb_lineno} {code.co_qualname}")
            frame = frame.tb_next
        return lines
