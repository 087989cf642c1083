"""Reading the provisioning key, and texts that are not one."""

from __future__ import annotations

import getpass
from pathlib import Path

import pytest

from enrollment.edge.key_text import read_token
from enrollment.edge.outcomes import Stop, WrongUsage
from keys.crypto import tokens
from tests.keys import key_vectors

TOKEN = tokens.mint("api.private.example.com", b"p" * 32)


def key_file(directory: Path, content: str, mode: int = 0o600) -> Path:
    path = directory / "key.txt"
    path.write_text(content, encoding="utf-8")
    path.chmod(mode)
    return path


def test_a_key_is_read_as_it_arrives_from_an_email(tmp_path: Path) -> None:
    wrapped = f"\ufeff \u201c{TOKEN.text[:50]}\r\n   {TOKEN.text[50:]}\u201d\n"
    warnings: list[str] = []
    assert read_token(key_file(tmp_path, wrapped), warnings.append) == TOKEN
    assert not warnings


@pytest.mark.parametrize("name", key_vectors.read(TOKEN))
def test_the_edge_reads_what_the_portal_reads(tmp_path: Path, name: str) -> None:
    path = tmp_path / "key.txt"
    path.touch(0o600)
    path.write_bytes(key_vectors.read(TOKEN)[name].encode("utf-8"))
    assert read_token(path, print) == TOKEN


@pytest.mark.parametrize("name", key_vectors.refused(TOKEN))
def test_the_edge_refuses_with_the_words_of_the_portal(tmp_path: Path, name: str) -> None:
    text, words = key_vectors.refused(TOKEN)[name]
    if "\ud800" in text:
        pytest.skip("no file can hold it")
    with pytest.raises(Stop, match=f"malformed_key: .*{words}"):
        read_token(key_file(tmp_path, text), print)


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "ascii", "cp1252"]
)
@pytest.mark.parametrize("text", [TOKEN.text, f"# Berlin\r\nPROVISIONING_KEY={TOKEN.text}\r\n"])
def test_a_key_file_of_any_encoding_is_read(tmp_path: Path, encoding: str, text: str) -> None:
    path = key_file(tmp_path, "")
    path.write_bytes(text.encode(encoding))
    assert read_token(path, print) == TOKEN
    path.write_bytes(b"\xfe\xff" + text.encode("utf-16-be"))
    assert read_token(path, print) == TOKEN


def test_a_key_of_any_cloud_is_read(tmp_path: Path) -> None:
    other = tokens.mint("cloud.example.org", b"p" * 32)
    assert read_token(key_file(tmp_path, other.text), print) == other


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o620])
def test_a_key_file_that_others_can_use_is_warned_of(tmp_path: Path, mode: int) -> None:
    warnings: list[str] = []
    read_token(key_file(tmp_path, TOKEN.text, mode), warnings.append)
    assert "chmod 600" in warnings[0]
    assert TOKEN.text[30:] not in warnings[0]


@pytest.mark.parametrize(
    "text",
    ["", "\n", "password", "||", "1||", TOKEN.text[:-10], TOKEN.text.replace("1|", "2|", 1), TOKEN.text + "A",
     TOKEN.text + "\n" + TOKEN.text, " " * 5000 + TOKEN.text],
)  # fmt: skip
def test_what_is_not_a_whole_key_is_refused_without_repeating_it(tmp_path: Path, text: str) -> None:
    with pytest.raises(Stop, match="malformed_key") as stop:
        read_token(key_file(tmp_path, text), print)
    assert stop.value.exit_code == 1
    assert "PSEK" not in str(stop.value)


def test_a_file_of_arbitrary_bytes_is_refused(tmp_path: Path) -> None:
    path = key_file(tmp_path, "")
    path.write_bytes(bytes(range(256)))
    with pytest.raises(Stop, match="malformed_key"):
        read_token(path, print)


def test_a_key_without_a_pin_is_refused_before_it_is_sent(tmp_path: Path) -> None:
    with pytest.raises(Stop, match="no trust anchor"):
        read_token(key_file(tmp_path, tokens.mint("api.private.example.com", bytes(32)).text), print)


def test_a_key_file_that_cannot_be_read_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(WrongUsage, match="Cannot read the key file"):
        read_token(tmp_path / "absent", print)
    with pytest.raises(WrongUsage, match="Cannot read the key file"):
        read_token(tmp_path, print)


def test_without_a_file_the_key_is_asked_for_without_echo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(getpass, "getpass", lambda prompt: TOKEN.text)
    assert read_token(None, print) == TOKEN
