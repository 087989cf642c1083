"""The command line: its exit codes, and that the program does not need Django."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from django.core.management import call_command

from enrollment.edge.cli import main
from keys.crypto import tokens
from tests.enrollment.edge.helpers import command, run_edge
from tests.support.live import ROOT
from tests.support.postgresql import free_port

KEY = tokens.mint("api.private.example.com", b"p" * 32).text


def test_the_program_loads_neither_django_nor_settings() -> None:
    # Without Django, an import of it fails in any module.
    check = "import sys; sys.modules['django'] = None; import enrollment.edge.cli as c; c.main(sys.argv[1:])"
    result = subprocess.run([sys.executable, "-c", check, "--help"], cwd=ROOT, capture_output=True, text=True, env={})
    assert result.returncode == 0, result.stderr
    assert "--insecure-http" in result.stdout


def test_it_runs_without_settings_or_state(tmp_path: Path) -> None:
    result = run_edge("http://portal.example.com", tmp_path / "edge", "--key-file", "absent")
    assert (result.returncode, result.stdout) == (2, "")
    assert "--insecure-http" in result.stderr
    assert not (tmp_path / "edge").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        [], ["--url", "https://portal.example.com"], ["--directory", "edge"], ["--nonsense"],
        ["--url", "https://portal.example.com", "--directory", "edge", "--dir", "other"],
    ],
)  # fmt: skip
def test_missing_and_unknown_options_are_wrong_usage(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2


@pytest.mark.parametrize("option", ["--key", "--key-file", "--provisioning-key"])
def test_a_key_on_the_command_line_is_refused_and_not_repeated(
    option: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["--url", "https://portal.example.com", "--directory", str(tmp_path), option, KEY]) == 2
    assert main(["--url", "https://portal.example.com", "--directory", str(tmp_path), f"{option}={KEY}"]) == 2
    said = capsys.readouterr()
    assert "does not belong on the command line" in said.err
    assert "PSEK" not in said.err + said.out


def test_without_a_key_file_and_a_terminal_it_is_wrong_usage(tmp_path: Path) -> None:
    result = run_edge("https://portal.example.com", tmp_path)
    assert result.returncode == 2
    assert "Use --key-file" in result.stderr


def test_a_portal_that_is_away_is_asked_again_and_then_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    (tmp_path / "key.txt").write_text(KEY)
    line = command(f"http://127.0.0.1:{free_port()}", tmp_path / "edge", "--key-file", tmp_path / "key.txt")[3:]
    assert main(line) == 75
    assert len(pauses) == 2
    said = capsys.readouterr()
    assert said.err.count("Trying again in") == 2
    assert "chmod 600" in said.err
    assert KEY[40:] not in said.err + said.out


def test_a_directory_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    result = run_edge("https://portal.example.com", tmp_path / "file" / "edge")
    assert result.returncode == 1
    assert f"{tmp_path / 'file' / 'edge'} is no directory, and cannot become one." in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(("trouble", "code"), [(errno.ENOSPC, 75), (errno.EIO, 75), (errno.EROFS, 1)])
def test_a_full_disk_passes_and_a_read_only_one_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], trouble: int, code: int
) -> None:
    def fail(descriptor: int) -> None:
        raise OSError(trouble, os.strerror(trouble))

    (tmp_path / "key.txt").write_text(KEY)
    monkeypatch.setattr(os, "fsync", fail)
    line = [
        "--url",
        "https://portal.example.com",
        "--directory",
        str(tmp_path),
        "--key-file",
        str(tmp_path / "key.txt"),
    ]
    assert main(line) == code
    assert f"Cannot use {tmp_path}: {os.strerror(trouble)}." in capsys.readouterr().err


def test_ctrl_c_ends_quietly(tmp_path: Path) -> None:
    check = "import sys, enrollment.edge.cli as c; import enrollment.edge.store as s; import signal, os\n"
    # A shell starts background jobs with SIGINT ignored, and Python keeps that.
    check += "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    check += "s._make_directory = lambda path: os.kill(os.getpid(), signal.SIGINT)\nsys.exit(c.main(sys.argv[1:]))"
    arguments = command("https://portal.example.com", tmp_path)[3:]
    result = subprocess.run([sys.executable, "-c", check, *arguments], cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 130
    assert "Traceback" not in result.stderr


def test_django_lists_the_command_and_runs_the_same_program(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as stop:
        call_command("enroll_edge", url="http://portal.example.com", directory=tmp_path)
    assert stop.value.code == 2
    assert "clear text" in capsys.readouterr().err
