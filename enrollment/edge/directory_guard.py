"""Refusing a directory or a file that another user could have written: whoever plants a key pair becomes the edge.

The rules are those of OpenSSH for its key files (sshd_config, StrictModes): only root and this user can write to the
directory and to every directory above it. A shared directory with the sticky bit, such as /tmp, may be above it.
"""

from __future__ import annotations

import errno
import os
import pwd
import shlex
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from enrollment.edge.outcomes import Stop

OTHERS = stat.S_IRWXG | stat.S_IRWXO
OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
_FILE_TYPES = {
    stat.S_IFLNK: "a symbolic link", stat.S_IFIFO: "a named pipe", stat.S_IFSOCK: "a socket",
    stat.S_IFBLK: "a device", stat.S_IFCHR: "a device", stat.S_IFDIR: "a directory",
}  # fmt: skip
# open(2) fails with these for a link that is not followed, a socket, and a device without a driver.
_NOT_OPENED = {errno.ELOOP, errno.ENXIO, errno.EMLINK, errno.ENODEV, errno.EISDIR}


def require_safe_way(path: Path) -> Path:
    """Check every directory of the path, and return the path without links. Raises Stop, OSError."""
    given = Path(os.path.abspath(path))
    real = given.resolve(strict=True)
    for step in (given, *given.parents):
        if step.is_symlink() and step.lstat().st_uid not in {0, os.geteuid()}:
            raise Stop(
                f"{step} is a symbolic link of user {_user(step.lstat().st_uid)}. "
                f"If it is meant to be there, give --directory {shlex.quote(str(real))}"
            )
    for parent in dict.fromkeys((*given.parents, *real.parents)):
        _require_safe_parent(parent)
    return real


def _require_safe_parent(parent: Path) -> None:
    status = parent.stat()
    if status.st_uid not in {0, os.geteuid()}:
        raise Stop(
            f"{parent} belongs to user {_user(status.st_uid)}, who could replace the edge's directory below it. "
            f"Give a --directory below one of root or of user {_user(os.geteuid())}."
        )
    if status.st_mode & OTHERS_WRITE and not status.st_mode & stat.S_ISVTX:
        raise Stop(
            f"Others may write to {parent} (mode {_mode(status)}) and could replace the edge's directory below it. "
            f"Close it: chmod go-w {shlex.quote(str(parent))}"
        )


def require_own_directory(directory: int, path: Path) -> None:
    """Raises Stop when the opened directory belongs to another user, root included."""
    owner = os.fstat(directory).st_uid
    if owner != os.geteuid():
        # The edge's own user could not read files that root writes.
        raise Stop(
            f"{path} belongs to user {_user(owner)} and this is user {_user(os.geteuid())}. "
            "Run the command as that user, or give another --directory."
        )


def require_empty(directory: int, path: Path) -> None:
    """Raises Stop for a directory that others may write to, unless it is empty: the files in it may be theirs."""
    held = sorted(os.listdir(directory))
    if held:
        raise Stop(
            f"Others may write to {path} (mode {_mode(os.fstat(directory))}), so what is in it may be theirs, for one "
            f"{held[0]!r}. Give another --directory, which is made if needed; or check that all of it is yours, "
            f"and close it: chmod go-w {shlex.quote(str(path))}"
        )


@contextmanager
def refusing_links(path: Path) -> Iterator[None]:
    """Raises Stop when opening `path` fails because it is not a plain file."""
    try:
        yield
    except OSError as error:
        if error.errno not in _NOT_OPENED:
            raise
        raise _not_a_file(path, path.lstat()) from None


def require_own_file(descriptor: int, path: Path, *, secret: bool = False) -> None:
    """Raises Stop unless this is a plain file that only this user can write and, if `secret`, read."""
    status, name = os.fstat(descriptor), shlex.quote(str(path))
    if not stat.S_ISREG(status.st_mode):
        raise _not_a_file(path, status)
    if status.st_uid != os.geteuid():
        raise Stop(
            f"{path} belongs to user {_user(status.st_uid)}, not to user {_user(os.geteuid())}: it may be planted. "
            f"If it is the edge's: chown {_user(os.geteuid())} {name}"
        )
    if status.st_nlink != 1:
        raise Stop(
            f"{path} has {status.st_nlink} names (hard links), so it can be changed from elsewhere. If it is the "
            f"edge's: cp -p {name} {name}.copy && mv {name}.copy {name}"
        )
    if status.st_mode & OTHERS_WRITE:
        raise Stop(
            f"Others may write to {path} (mode {_mode(status)}): it may be planted. "
            f"If it is the edge's: chmod 600 {name}"
        )
    if secret and status.st_mode & OTHERS:
        raise Stop(
            f"Others can read {path} (mode {_mode(status)}), and who reads it is this edge. If nobody did: "
            f"chmod 600 {name} Else revoke the edge and enroll a new one in an empty --directory."
        )


def _not_a_file(path: Path, status: os.stat_result) -> Stop:
    found = _FILE_TYPES.get(stat.S_IFMT(status.st_mode), "no plain file")
    rm = "rm -r" if stat.S_ISDIR(status.st_mode) else "rm"
    name = shlex.quote(str(path))
    return Stop(f"{path} is {found} instead of a file: it may be planted. Look at it, then: {rm} {name}")


def _mode(status: os.stat_result) -> str:
    return f"{stat.S_IMODE(status.st_mode):04o}"


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
