"""The edge's directory: one process at a time, each file whole or absent, all of it private.

A file is written beside its place, flushed to the disk and renamed into place, so that a process killed at any
moment leaves the old file or the new one.
"""

from __future__ import annotations

import fcntl
import os
import pwd
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from enrollment.edge.outcomes import Stop, TryLater

KEY = "key.pem"
CERTIFICATE = "certificate.pem"
CHAIN = "chain.pem"
TRUST_ANCHOR = "trust-anchor.pem"
DESCRIPTION = "edge.json"
# A renewal on its way: the key pair it is for, and the answer that is being put into place.
NEXT_KEY = "next-key.pem"
NEXT_ANSWER = "next-answer.json"
_LOCK = ".lock"
NAMES = (KEY, CERTIFICATE, CHAIN, TRUST_ANCHOR, DESCRIPTION)
_ALL = (*NAMES, NEXT_KEY, NEXT_ANSWER)
_OURS = {_LOCK, *_ALL, *(f".{name}.new" for name in _ALL)}
_LOCK_SECONDS = 30.0
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class EdgeDirectory:
    """Where one edge keeps what it is."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @contextmanager
    def locked(self, patience: float = _LOCK_SECONDS) -> Iterator[None]:
        """Make the directory if needed and keep other processes out. Raises TryLater when one stays inside."""
        _make_directory(self.path)
        self._make_private()
        descriptor = os.open(self.path / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            _wait_for(descriptor, time.monotonic() + patience, self.path)
            yield
        finally:
            os.close(descriptor)

    def _make_private(self) -> None:
        status = self.path.stat()
        mode = status.st_mode
        if status.st_uid != os.geteuid():
            # What root wrote here, the edge's own user could not read.
            raise Stop(
                f"{self.path} belongs to user {_user(status.st_uid)} and this is user {_user(os.geteuid())}. "
                "Run the command as that user, or give another --directory."
            )
        if not mode & _OTHERS:
            return
        if _OURS.issuperset(os.listdir(self.path)):
            self.path.chmod(0o700)
        elif mode & (stat.S_IWGRP | stat.S_IWOTH):
            # Others could swap the files, and with foreign files in it the directory is not ours to close.
            raise Stop(f"Others may write to {self.path}, which holds other files too. Give a directory of its own.")

    def read(self, name: str) -> bytes | None:
        """The content of one file, or None when it is absent. Closes a file that others could read."""
        try:
            with (self.path / name).open("rb") as file:
                if os.fstat(file.fileno()).st_mode & _OTHERS:
                    os.fchmod(file.fileno(), 0o600)
                return file.read()
        except FileNotFoundError:
            return None

    def write(self, name: str, content: bytes) -> None:
        """Put a file into place at once; when this returns, it survives a power cut."""
        beside = self.path / f".{name}.new"
        with suppress(FileNotFoundError):
            beside.unlink()
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            # The umask may have taken more away than it should.
            os.fchmod(descriptor, 0o600)
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        beside.replace(self.path / name)
        _flush_directory(self.path)

    def remove(self, name: str) -> None:
        """Make sure that a file is gone, also after a power cut."""
        with suppress(FileNotFoundError):
            (self.path / name).unlink()
            _flush_directory(self.path)


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _make_directory(path: Path) -> None:
    if path.is_dir():
        return
    if not path.parent.exists():
        _make_directory(path.parent)
    path.mkdir(mode=0o700, exist_ok=True)
    _flush_directory(path.parent)


def _flush_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _wait_for(descriptor: int, deadline: float, path: Path) -> None:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise TryLater(f"Another enroll_edge is at work in {path}.") from None
            time.sleep(0.05)
        else:
            return
