"""What somebody else may have put into an edge's directory is refused: each planted thing, with the command that mends
it."""

from __future__ import annotations

import os
import shlex
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from enrollment.edge.cli import main
from enrollment.edge.key_pair import make_key_pair, to_pem
from enrollment.edge.outcomes import Stop
from enrollment.edge.store import KEY, EdgeDirectory
from keys.crypto import tokens

pytestmark = pytest.mark.once
NOBODY = 65534
PLANTED = to_pem(make_key_pair())
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")


@pytest.fixture
def edge(tmp_path: Path) -> Path:
    path = tmp_path / "edge"
    path.mkdir(0o700)
    return path


def write(path: Path, mode: int = 0o600) -> None:
    path.write_bytes(PLANTED)
    path.chmod(mode)


def refusal(path: Path) -> str:
    """The refusal of a directory, which stays unchanged."""
    before = sorted((each.name, each.lstat().st_mode, each.lstat().st_ino) for each in path.iterdir())
    directory = EdgeDirectory(path)
    with pytest.raises(Stop) as stop, directory.locked():
        directory.read(KEY)
    after = sorted((each.name, each.lstat().st_mode, each.lstat().st_ino) for each in path.iterdir())
    assert [each for each in after if each[0] != ".lock"] == [each for each in before if each[0] != ".lock"]
    return str(stop.value)


def a_link(path: Path) -> None:
    write(path.parent.parent / "elsewhere")
    path.symlink_to(path.parent.parent / "elsewhere")


def a_hard_link(path: Path) -> None:
    write(path.parent.parent / "elsewhere")
    os.link(path.parent.parent / "elsewhere", path)


def a_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as planted:
        planted.bind(str(path))


def a_foreign_file(path: Path) -> None:
    write(path)
    os.chown(path, NOBODY, NOBODY)


KINDS: list[tuple[Callable[[Path], object], str]] = [
    (a_link, "is a symbolic link"),
    (lambda path: path.symlink_to("nowhere"), "is a symbolic link"),
    (lambda path: path.symlink_to("/dev/stdin"), "is a symbolic link"),
    (os.mkfifo, "is a named pipe"),
    (a_socket, "is a socket"),
    (Path.mkdir, "is a directory"),
    (a_hard_link, "has 2 names"),
    (lambda path: write(path, 0o620), "Others may write to"),
    (lambda path: write(path, 0o602), "Others may write to"),
    (lambda path: write(path, 0o640), "Others can read"),
    (lambda path: write(path, 0o604), "Others can read"),
    pytest.param(a_foreign_file, "belongs to user nobody", marks=as_root),
    pytest.param(lambda path: os.mknod(path, 0o020600, os.makedev(1, 3)), "is a device", marks=as_root),
]  # fmt: skip


@pytest.mark.parametrize(("plant", "words"), KINDS)
def test_a_key_pair_that_may_be_planted_is_refused(edge: Path, plant: Callable[[Path], object], words: str) -> None:
    try:
        plant(edge / KEY)
    except PermissionError:
        pytest.skip("not even root may make it here")
    said = refusal(edge)
    assert f"{edge / KEY} {words.removeprefix('Others ')}" in said or f"{words} {edge / KEY}" in said
    assert any(f"{command} " in said for command in ("rm", "chmod 600", "chown", "cp -p"))


@pytest.mark.parametrize("plant", [os.mkfifo, Path.mkdir, a_link, a_socket])
def test_what_is_no_file_goes_with_the_command_that_is_named(edge: Path, plant: Callable[[Path], object]) -> None:
    plant(edge / KEY)
    subprocess.run(["sh", "-c", refusal(edge).rpartition(": ")[2]], check=True)
    with EdgeDirectory(edge).locked():
        assert EdgeDirectory(edge).read(KEY) is None


@pytest.mark.parametrize(
    ("make", "below", "words"),
    [
        (Path.touch, "", "is no directory"),
        (Path.touch, "below", "is no directory"),
        (os.mkfifo, "", "is no directory"),
        (lambda path: path.symlink_to("nowhere"), "", "is no directory"),
        (lambda path: (path / ".key.pem.new").mkdir(parents=True), "", "/no-edge/.key.pem.new: Is a directory"),
    ],
)
def test_a_path_that_is_no_directory_is_said_to_be_none(
    edge: Path, make: Callable[[Path], object], below: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = edge.parent / "no-edge"
    make(path)
    path.chmod(0o700) if path.is_dir() else None
    key = edge.parent / "key.txt"
    key.write_text(tokens.mint("api.private.example.com", bytes([1]) * 32).text)
    key.chmod(0o600)
    url = ["--url", "https://portal.example.com", "--key-file", str(key)]
    assert main([*url, "--directory", str(path / below)]) == 1
    assert words in capsys.readouterr().err


@pytest.mark.parametrize("name", ["certificate.pem", "edge.json", "next-answer.json", ".lock"])
def test_each_file_is_judged(edge: Path, name: str) -> None:
    write(edge / KEY)
    (edge / name).symlink_to(edge.parent / "elsewhere")
    (edge.parent / "elsewhere").touch()
    directory = EdgeDirectory(edge)
    with pytest.raises(Stop, match="symbolic link"), directory.locked():
        directory.read(name)


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o707, 0o722])
def test_a_directory_that_others_may_write_to_is_not_adopted(edge: Path, mode: int) -> None:
    write(edge / KEY)
    edge.chmod(mode)
    assert f"chmod go-w {edge}" in refusal(edge)
    assert edge.stat().st_mode & 0o777 == mode


def test_the_command_that_is_named_mends_it(edge: Path) -> None:
    odd = edge.parent / "the edge's"
    edge.rename(odd)
    for mode in (0o602, 0o640):
        write(odd / KEY, mode)
        command = refusal(odd).split(": ", 1)[1].partition("chmod 600")[2]
        subprocess.run(["sh", "-c", f"chmod 600 {shlex.quote(shlex.split(command)[0])}"], check=True)
        with EdgeDirectory(odd).locked():
            assert EdgeDirectory(odd).read(KEY) == PLANTED
    odd.chmod(0o777)
    subprocess.run(["sh", "-c", refusal(odd).rpartition(": ")[2]], check=True)
    with EdgeDirectory(odd).locked():
        assert EdgeDirectory(odd).read(KEY) == PLANTED


@pytest.mark.parametrize("mode", [0o777, 0o775, 0o722])
def test_a_parent_that_others_may_write_to_is_refused(edge: Path, mode: int) -> None:
    edge.parent.chmod(mode)
    said = refusal(edge)
    edge.parent.chmod(0o700)
    assert f"Others may write to {edge.parent} (mode {mode:04o})" in said
    assert f"chmod go-w {edge.parent}" in said


def test_a_parent_with_the_sticky_bit_is_fine(edge: Path) -> None:
    edge.parent.chmod(0o1777)
    with EdgeDirectory(edge).locked():
        pass


@as_root
def test_a_parent_or_a_link_of_somebody_else_is_refused(edge: Path) -> None:
    os.chown(edge.parent, NOBODY, NOBODY)
    assert f"{edge.parent} belongs to user nobody" in refusal(edge)
    os.chown(edge.parent, 0, 0)
    link = edge.parent / "link"
    link.symlink_to(edge)
    with EdgeDirectory(link).locked():
        pass
    os.chown(link, NOBODY, NOBODY, follow_symlinks=False)
    assert "symbolic link of user nobody" in refusal(link)


def test_whoever_is_quicker_than_closing_an_empty_directory_is_noticed(
    edge: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    edge.chmod(0o777)
    close = os.fchmod

    def plant_and_close(descriptor: int, mode: int) -> None:
        write(edge / KEY)
        close(descriptor, mode)

    monkeypatch.setattr(os, "fchmod", plant_and_close)
    with pytest.raises(Stop, match="may be theirs"), EdgeDirectory(edge).locked():
        pass


def test_a_directory_swapped_while_it_is_locked_is_not_used(edge: Path) -> None:
    directory = EdgeDirectory(edge)
    with directory.locked():
        directory.write(KEY, PLANTED)
        edge.rename(edge.parent / "moved")
        edge.mkdir()
        assert directory.read(KEY) == PLANTED
    assert not list(edge.iterdir())


def test_a_named_pipe_does_not_hold_the_program(edge: Path, capsys: pytest.CaptureFixture[str]) -> None:
    os.mkfifo(edge / "key.pem")
    assert main(["--url", "https://portal.example.com", "--directory", str(edge)]) == 1
    assert "named pipe" in capsys.readouterr().err
