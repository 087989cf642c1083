"""Parsing DATABASE_URL: `sqlite:///path`, or a URL of libpq (also with several hosts, sockets and options).

Errors never quote the URL, because any piece of it may belong to the password.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl, unquote

import psycopg
from psycopg import pq
from psycopg.conninfo import conninfo_to_dict

_ENCODE = (
    "holds a character that must be percent-encoded in a user name, password or value: "
    "% as %25, @ as %40, / as %2F, ? as %3F, a space as %20."
)
_SCHEMES = "must start with sqlite:/// or postgresql://."
_BROKEN_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_OWN_SETTINGS = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}
_LAST_PORT = 65535


def read(url: str) -> dict[str, Any]:
    """Django's settings of a connection. Raises ValueError with a sentence that continues "DATABASE_URL …"."""
    scheme, separator, rest = url.partition("://")
    if separator and scheme == "sqlite":
        return {"ENGINE": "portal.sqlite", "NAME": _file(rest)}
    if separator and scheme in {"postgres", "postgresql"}:
        return {"ENGINE": "portal.postgresql", **_server(url, rest)}
    raise ValueError(_SCHEMES)


def _file(rest: str) -> str:
    if not rest.startswith("/") or len(rest) == 1:
        raise ValueError("must name a file: sqlite:///relative/path or sqlite:////absolute/path.")
    if "?" in rest:
        raise ValueError("takes no options after sqlite:///; a ? in the name of the file is written %3F.")
    name = unquote(rest[1:], errors="surrogateescape")
    if "\0" in name:
        raise ValueError("must name a file: a %00 is in no name.")
    return name


def _server(url: str, rest: str) -> dict[str, Any]:
    before, _, after = rest.rpartition("@")
    # libpq ends the password at the first "/" or "@" and treats the rest as the host.
    if re.search(r"[@/]", before) or _BROKEN_PERCENT.search(rest) or re.search(r"\s", rest):
        raise ValueError(_ENCODE)
    _require_known_options(after.partition("?")[2])
    try:
        parts = {name: str(value) for name, value in conninfo_to_dict(url).items()}
    except (psycopg.Error, UnicodeError):
        # The error of libpq quotes the URL.
        raise ValueError(f"is not postgresql://user:password@host:port/name?option=value, or {_ENCODE}") from None
    if not parts.get("dbname") and not parts.get("service"):
        raise ValueError("names no database: postgresql://user:password@host/name.")
    for port in filter(None, parts.get("port", "").split(",")):
        if not (port.isascii() and port.isdigit() and 1 <= int(port[:6]) <= _LAST_PORT):
            raise ValueError("has a port that is no number from 1 to 65535.")
    options = {name: value for name, value in parts.items() if name not in _OWN_SETTINGS}
    return {setting: parts.get(name, "") for name, setting in _OWN_SETTINGS.items()} | {"OPTIONS": options}


def _require_known_options(query: str) -> None:
    known = {option.keyword.decode() for option in pq.Conninfo.get_defaults()} | {"ssl"}
    unknown = {name for name, _ in parse_qsl(query, keep_blank_values=True)} - known
    if not unknown or "password" in query:
        return
    names = ", ".join(sorted(name for name in unknown if re.fullmatch(r"[a-z_]{1,40}", name)))
    raise ValueError(f"has an option that libpq does not know{names and ': '}{names}. Leave it out.")
