"""The edge's own program and what installs it, as this portal serves them: the files that `build_downloads` wrote."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from django.conf import settings

PROGRAM, INSTALLER = "enroll-edge.pyz", "install-edge.sh"
PACKAGE, CONTEXT = "enroll-edge.deb", "enroll-edge-container.tar"
# The names at which the files are served, and those that deploy/edge/build.py gives them.
BUILT_AS: Mapping[str, str] = {
    PROGRAM: PROGRAM, INSTALLER: INSTALLER, PACKAGE: "enroll-edge_*_all.deb", CONTEXT: CONTEXT,
}  # fmt: skip


class Download(NamedTuple):
    """The content of a file and its SHA-256 in hex."""

    content: bytes
    sha256: str


def find(name: str) -> Download | None:
    """The file of this name, or None if there is no such file or it was not built."""
    path = settings.DOWNLOADS_DIR / name
    try:
        status = path.stat() if name in BUILT_AS else None
    except FileNotFoundError:
        status = None
    return _read(path, status.st_mtime_ns, status.st_ino) if status else None


@functools.lru_cache(maxsize=2 * len(BUILT_AS))
def _read(path: Path, changed: int, inode: int) -> Download:
    """The file at a path. It is read once: `changed` and `inode` differ when it was built again."""
    content = path.read_bytes()
    return Download(content, hashlib.sha256(content).hexdigest())


def place(built: Path) -> list[str]:
    """Move the files of a build to where `find` looks for them, and return their names.

    A file that this build does not have is removed, because it would be of an older version.
    """
    settings.DOWNLOADS_DIR.mkdir(parents=True, exist_ok=True)
    placed = []
    for name, pattern in BUILT_AS.items():
        target = settings.DOWNLOADS_DIR / name
        source = next(built.glob(pattern), None)
        if source:
            source.replace(target)
            placed.append(name)
        else:
            target.unlink(missing_ok=True)
    return placed
