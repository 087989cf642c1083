"""Reading the provisioning key from a file or from the terminal, never from the command line."""

from __future__ import annotations

import codecs
import getpass
import os
import stat
from collections.abc import Callable
from pathlib import Path

from enrollment.edge.outcomes import Stop, WrongUsage
from keys.crypto import tokens

# Bytes. More than a key in any encoding, so that a text that is too long is refused as such.
_LARGEST_FILE = 16 * 1024
# UTF-32 before UTF-16, because the mark of UTF-32-LE starts with that of UTF-16-LE.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip


def read_token(key_file: Path | None, warn: Callable[[str], None]) -> tokens.Token:
    """The key in `key_file`, or the one typed. Raises WrongUsage when there is none, Stop when it is not a key."""
    text = _ask() if key_file is None else _read(key_file, warn)
    try:
        # The edge has no setting for a cloud domain, so it accepts the one that the key names.
        token = tokens.read_any(text)
    except tokens.MalformedToken as fault:
        raise Stop(f"malformed_key: {fault}") from None
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
            content = file.read(_LARGEST_FILE)
    except OSError as error:
        raise WrongUsage(f"Cannot read the key file {path}: {error.strerror}.") from None
    if stat.S_ISREG(status.st_mode) and status.st_mode & 0o077:
        warn(f"Others can read {path}, and who reads it can enroll. Make it private: chmod 600 {path}")
    return content.decode(_encoding_of(content), errors="replace")


def _encoding_of(content: bytes) -> str:
    """The encoding by the byte order mark, else by the place of the zero bytes in an ASCII text, else UTF-8."""
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return encoding
    zeros = [content[at::2].count(0) * 4 > len(content) for at in (0, 1)]
    return {(False, True): "utf-16-le", (True, False): "utf-16-be"}.get((zeros[0], zeros[1]), "utf-8")
