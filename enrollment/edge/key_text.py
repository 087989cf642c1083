"""Getting the provisioning key: from a file or by asking, never from the command line."""

from __future__ import annotations

import getpass
import os
import stat
from collections.abc import Callable
from pathlib import Path

from enrollment.edge.outcomes import Stop, WrongUsage
from keys import tokens


def read_token(key_file: Path | None, warn: Callable[[str], None]) -> tokens.Token:
    """The key in `key_file`, or the one typed. Raises WrongUsage when there is none, Stop when it is not a key."""
    text = _ask() if key_file is None else _read(key_file, warn)
    # The edge has no cloud of its own: the domain that the text names is the right one.
    domains = tokens.canonicalize(text).split("|", 2)[1:2]
    try:
        token = tokens.read(text, domains)
    except tokens.MalformedToken:
        raise Stop(
            "malformed_key: this is not a whole provisioning key. Copy it again, from the first character to the last."
        ) from None
    if not any(token.pin):
        raise Stop("malformed_key: the key names no trust anchor to check the portal by. Ask for a new key.")
    return token


def _ask() -> str:
    try:
        return getpass.getpass("Provisioning key: ")
    except (EOFError, OSError):
        raise WrongUsage("There is no terminal to ask for the provisioning key. Use --key-file.") from None


def _read(path: Path, warn: Callable[[str], None]) -> str:
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            content = file.read(tokens.LONGEST_TEXT + 1)
    except OSError as error:
        raise WrongUsage(f"Cannot read the key file {path}: {error.strerror}.") from None
    if stat.S_ISREG(status.st_mode) and status.st_mode & 0o077:
        warn(f"Others can read {path}, and who reads it can enroll. Make it private: chmod 600 {path}")
    return content.decode("utf-8", errors="replace")
