"""The edge's directory: private, whole, one process at a time."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from enrollment.edge.outcomes import Stop, TryLater
from enrollment.edge.store import EdgeDirectory
from tests.enrollment.edge.helpers import modes


def test_a_directory_is_made_with_its_parents_and_private(tmp_path: Path) -> None:
    directory = EdgeDirectory(tmp_path / "a" / "b" / "edge")
    with directory.locked():
        directory.write("key.pem", b"content")
        assert directory.read("key.pem") == b"content"
    assert modes(directory.path.parent) == {"edge": "0o700"}
    assert modes(directory.path) == {".lock": "0o600", "key.pem": "0o600"}


@pytest.mark.parametrize("umask", [0o000, 0o777])
def test_modes_do_not_depend_on_the_umask(tmp_path: Path, umask: int) -> None:
    directory = EdgeDirectory(tmp_path)
    before = os.umask(umask)
    try:
        directory.write("key.pem", b"content")
    finally:
        os.umask(before)
    assert modes(tmp_path) == {"key.pem": "0o600"}


@pytest.mark.parametrize(("mode", "name"), [(0o777, None), (0o770, None), (0o755, "key.pem"), (0o711, "edge.json")])
def test_an_open_directory_of_its_own_is_closed(tmp_path: Path, mode: int, name: str | None) -> None:
    tmp_path.chmod(mode)
    if name:
        (tmp_path / name).touch(0o600)
    with EdgeDirectory(tmp_path).locked():
        pass
    assert oct(tmp_path.stat().st_mode & 0o777) == "0o700"


def test_a_directory_that_others_use_too_is_left_alone_or_refused(tmp_path: Path) -> None:
    (tmp_path / "somebody's file").touch()
    tmp_path.chmod(0o755)
    with EdgeDirectory(tmp_path).locked():
        assert oct(tmp_path.stat().st_mode & 0o777) == "0o755"
    tmp_path.chmod(0o1777)
    with pytest.raises(Stop, match=r"Give another --directory.*chmod go-w"), EdgeDirectory(tmp_path).locked():
        pass


def test_a_directory_of_another_user_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: tmp_path.stat().st_uid + 54321)
    with (
        pytest.raises(Stop, match="Run the command as that user"),
        EdgeDirectory(tmp_path).locked(),
    ):
        pass
    assert not modes(tmp_path)


def test_an_absent_file_is_none(tmp_path: Path) -> None:
    assert EdgeDirectory(tmp_path).read("key.pem") is None


def test_a_file_is_on_the_disk_before_its_name_and_the_name_before_it_returns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    fsync, replace = os.fsync, os.replace

    def watched_fsync(descriptor: int) -> None:
        done.append("directory" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        fsync(descriptor)

    def watched_replace(source: str, target: str, **directories: int) -> None:
        done.append("name")
        replace(source, target, **directories)

    monkeypatch.setattr(os, "fsync", watched_fsync)
    monkeypatch.setattr(os, "replace", watched_replace)
    EdgeDirectory(tmp_path).write("key.pem", b"content")
    assert done == ["file", "name", "directory"]


def test_the_leftover_of_a_killed_process_is_replaced(tmp_path: Path) -> None:
    (tmp_path / ".key.pem.new").write_bytes(b"half a")
    EdgeDirectory(tmp_path).write("key.pem", b"content")
    assert modes(tmp_path) == {"key.pem": "0o600"}


def test_writing_replaces_a_link_and_does_not_follow_it(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    for name in ("key.pem", ".key.pem.new"):
        (tmp_path / name).symlink_to(victim)
    EdgeDirectory(tmp_path).write("key.pem", b"content")
    assert victim.read_text() == "precious"
    assert not (tmp_path / "key.pem").is_symlink()


HOLDER = """
import sys, time
from pathlib import Path
from enrollment.edge.store import EdgeDirectory
with EdgeDirectory(Path(sys.argv[1])).locked():
    print("in", flush=True)
    time.sleep(60)
"""


def test_one_process_is_inside_and_a_killed_one_leaves_the_door_open(tmp_path: Path) -> None:
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, tmp_path], stdout=subprocess.PIPE)
    assert holder.stdout
    holder.stdout.readline()
    with pytest.raises(TryLater, match="Another enroll_edge"), EdgeDirectory(tmp_path).locked(patience=0.1):
        pass
    holder.kill()
    holder.communicate()
    with EdgeDirectory(tmp_path).locked(patience=0.1):
        pass
