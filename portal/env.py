"""Strict readers for settings: first the environment, then portal.env in the state directory.

A missing or invalid value raises ImproperlyConfigured, whose text names the variable.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from portal import database_url

STATE_FILE = "portal.env"
_NAME = re.compile(r"[A-Z_][A-Z0-9_]*")
# Characters that a value in portal.env cannot contain.
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_MOST_DIGITS = 18
_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off"}


def read_state_file(path: Path) -> dict[str, str]:
    """The NAME=value lines of a portal.env; empty when the file does not exist.

    Raises ImproperlyConfigured, whose text never quotes a line, because it may hold a secret.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ImproperlyConfigured(f"{path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise ImproperlyConfigured(f"{path} is no text in UTF-8.") from None
    values = {}
    for number, line in enumerate(map(str.strip, text.split("\n")), start=1):
        name, equals, value = line.partition("=")
        if not line or line.startswith("#"):
            continue
        if not equals or not _NAME.fullmatch(name) or CONTROL.search(value):
            raise ImproperlyConfigured(f"{path}, line {number} is not NAME=value; correct or remove it.")
        values[name] = value
    return values


def state_directory(base: Path) -> Path:
    """`$PORTAL_STATE_DIR`; when that is unset or empty, `var` below `base`."""
    return base / (os.environ.get("PORTAL_STATE_DIR", "").strip() or "var")


class Environment:
    """The variables, with one strict reader for each type."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values

    @classmethod
    def load(cls, base: Path) -> Environment:
        """Variables of the process, then those of `$PORTAL_STATE_DIR/portal.env` (default `var/portal.env`)."""
        state_dir = state_directory(base)
        values = {**read_state_file(state_dir / STATE_FILE), **os.environ}
        return cls({**values, "PORTAL_STATE_DIR": str(state_dir)})

    def verbatim(self, name: str) -> str:
        """The value including the spaces around it; empty when it is unset."""
        value = self._values.get(name, "")
        # Python decodes bytes that are not UTF-8 as lone surrogates, which cannot be encoded again.
        if any("\ud800" <= character <= "\udfff" for character in value):
            raise ImproperlyConfigured(f"{name} is no text in UTF-8.")
        return value

    def text(self, name: str, default: str | None = None) -> str:
        value = self.verbatim(name).strip()
        if value:
            return value
        if default is None:
            raise ImproperlyConfigured(f"{name} is not set.")
        return default

    def boolean(self, name: str, default: bool) -> bool:
        value = self.text(name, str(default)).lower()
        if value in _TRUE | _FALSE:
            return value in _TRUE
        raise ImproperlyConfigured(f"{name} must be one of 1, true, yes, on, 0, false, no, off.")

    def integer(self, name: str, default: int, minimum: int, maximum: int) -> int:
        value = self.text(name, str(default))
        # int() raises ValueError for thousands of digits.
        if value.isascii() and value.isdigit() and len(value) <= _MOST_DIGITS and minimum <= int(value) <= maximum:
            return int(value)
        raise ImproperlyConfigured(f"{name} must be a whole number from {minimum} to {maximum}.")

    def words(self, name: str, default: str | None = "") -> list[str]:
        """The words of a list, separated by commas or white space."""
        return self.text(name, default).replace(",", " ").split()

    def secret(self, name: str, default: str | None = None) -> str:
        """The content of the file that NAME_FILE names (a systemd or container secret), or the value of NAME."""
        file = self._values.get(f"{name}_FILE")
        if not file:
            return self.text(name, default)
        try:
            return Path(file).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ImproperlyConfigured(f"{name}_FILE cannot be read: {error.strerror}.") from error
        except UnicodeDecodeError:
            raise ImproperlyConfigured(f"The file that {name}_FILE names is no text in UTF-8.") from None

    def database(self, name: str, default: str) -> dict[str, Any]:
        """Django's connection settings from the URL in NAME; see `portal.database_url`."""
        try:
            return database_url.read(self.secret(name, default))
        except ValueError as error:
            raise ImproperlyConfigured(f"{name} {error}") from None
