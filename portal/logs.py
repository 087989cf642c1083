"""Log format: one JSON object a line, with the request id, without query strings, bodies and headers."""

from __future__ import annotations

import json
import logging
import re
from datetime import UTC, datetime

# Only these extras are written, so that no other one can leak.
EXTRAS = ("request_id", "kind", "code", "action", "status_code")
# A key's text in a path: Django's "Not Found" message quotes the path.
_KEY = re.compile(r"PSEK[\w+/=%-]+")


class JsonFormatter(logging.Formatter):
    """Writes JSON, whose escapes keep input from forging a second line (as in CVE-2025-48432)."""

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
        """The exception's type and its frames, without its message: database errors quote values of rows."""
        kind, _error, frame = record.exc_info or (None, None, None)
        lines = [f"{kind.__module__}.{kind.__qualname__}" if kind else "unknown"]
        while frame:
            code = frame.tb_frame.f_code
            lines.append(f"{code.co_filename}:{frame.tb_lineno} {code.co_qualname}")
            frame = frame.tb_next
        return lines
