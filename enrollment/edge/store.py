"""The edge's directory: one process uses it at a time, each file is whole or absent, and all of it is private.

A file is written under a temporary name, flushed to the disk and renamed, so that a process killed at any moment
leaves the old file or the new one. `directory_guard` refuses what another user may have written. Files are opened by
their name relative to the checked directory, never through a link.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from enrollment.edge import directory_guard
from enrollment.edge.outcomes import Stop, TryLater

KEY = "key.pem"
CERTIFICATE = "certificate.pem"
CHAIN = "chain.pem"
TRUST_ANCHOR = "trust-anchor.pem"
DESCRIPTION = "edge.json"
# An unfinished renewal: its key pair, and its verified answer.
NEXT_KEY = "next-key.pem"
NEXT_ANSWER = "next-answer.json"
_LOCK = ".lock"
NAMES = (KEY, CERTIFICATE, CHAIN, TRUST_ANCHOR, DESCRIPTION)
_ALL = (*NAMES, NEXT_KEY, NEXT_ANSWER)
_SECRET = {KEY, NEXT_KEY}
_OURS = {_LOCK, *_ALL, *(f".{name}.new" for name in _ALL)}
_LOCK_SECONDS = 30.0
_NEW_FILE = os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
# Without O_NONBLOCK, opening a named pipe would wait for a writer.
_NO_LINK = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


class EdgeDirectory:
    """The directory of one edge, with its key pair and certificates."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._held: int | None = None  # while it is locked

    @contextmanager
    def locked(self, patience: float = _LOCK_SECONDS) -> Iterator[None]:
        """Make the directory if needed, and lock it.

        Raises TryLater when another process holds the lock longer than `patience` seconds, and Stop when another user
        may have written here.
        """
        _make_directory(self.path)
        with self._opened() as directory:
            self._make_private(directory)
            flags = os.O_RDWR | os.O_CREAT | _NO_LINK
            with directory_guard.refusing_links(self.path / _LOCK):
                descriptor = os.open(_LOCK, flags, 0o600, dir_fd=directory)
            try:
                directory_guard.require_own_file(descriptor, self.path / _LOCK)
                _wait_for(descriptor, time.monotonic() + patience, self.path)
                self._held = directory
                yield
            finally:
                self._held = None
                os.close(descriptor)

    @contextmanager
    def _opened(self) -> Iterator[int]:
        """A descriptor of the directory, after the path to it was checked. Raises Stop."""
        if self._held is not None:
            yield self._held
            return
        real = directory_guard.require_safe_way(self.path)
        descriptor = os.open(real, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            directory_guard.require_own_directory(descriptor, self.path)
            yield descriptor
        finally:
            os.close(descriptor)

    def _make_private(self, directory: int) -> None:
        """Set mode 0700 on a directory that others may read, if it holds only an edge's files.

        A directory that others may write to must be empty. Raises Stop otherwise.
        """
        mode = os.fstat(directory).st_mode
        if not mode & directory_guard.OTHERS:
            return
        writable = mode & directory_guard.OTHERS_WRITE
        if not writable and _OURS.issuperset(os.listdir(directory)):
            os.fchmod(directory, 0o700)
        elif writable:
            directory_guard.require_empty(directory, self.path)
            os.fchmod(directory, 0o700)
            # Another user may have written between the check and the change of mode.
            directory_guard.require_empty(directory, self.path)

    def read(self, name: str) -> bytes | None:
        """The content of one file, or None when it is absent. Raises Stop when another user may have written it."""
        path = self.path / name
        try:
            with self._opened() as directory, directory_guard.refusing_links(path):
                descriptor = os.open(name, os.O_RDONLY | _NO_LINK, dir_fd=directory)
        except FileNotFoundError:
            return None
        try:
            directory_guard.require_own_file(descriptor, path, secret=name in _SECRET)
            with os.fdopen(descriptor, "rb", closefd=False) as file:
                return file.read()
        finally:
            os.close(descriptor)

    def write(self, name: str, content: bytes) -> None:
        """Write a file atomically. When this returns, the file survives a power cut."""
        beside = f".{name}.new"
        with self._opened() as directory:
            with suppress(FileNotFoundError):
                os.unlink(beside, dir_fd=directory)
            descriptor = os.open(beside, os.O_WRONLY | _NEW_FILE, 0o600, dir_fd=directory)
            with os.fdopen(descriptor, "wb") as file:
                # The umask may have removed the owner's permissions.
                os.fchmod(descriptor, 0o600)
                file.write(content)
                file.flush()
                os.fsync(descriptor)
            os.replace(beside, name, src_dir_fd=directory, dst_dir_fd=directory)
            os.fsync(directory)

    def remove(self, name: str) -> None:
        """Remove a file, if it exists. When this returns, the removal survives a power cut."""
        with self._opened() as directory, suppress(FileNotFoundError):
            os.unlink(name, dir_fd=directory)
            os.fsync(directory)


def _make_directory(path: Path) -> None:
    if path.is_dir():
        return
    if not path.parent.exists():
        _make_directory(path.parent)
    try:
        path.mkdir(mode=0o700, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise Stop(f"{path} is no directory, and cannot become one. Give another --directory.") from None
    # The new entry of the parent survives a power cut.
    descriptor = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
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
