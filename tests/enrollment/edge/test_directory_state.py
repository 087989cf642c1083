"""The state of a directory whose files are whole, missing or damaged."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from enrollment.edge.directory_state import Found, inspect
from enrollment.edge.key_pair import make_key_pair, to_pem
from enrollment.edge.outcomes import Stop
from enrollment.edge.store import EdgeDirectory
from tests.enrollment.edge.helpers import NOW, make_pki, pem
from tests.factories import make_private_key

PKI = make_pki()
KEY = make_private_key()
FILES = {
    "key.pem": to_pem(KEY),
    "certificate.pem": PKI.issue(KEY).encode(),
    "chain.pem": pem(PKI.issuer.certificate).encode(),
    "trust-anchor.pem": pem(PKI.root.certificate).encode(),
    "edge.json": b'{"edge": {"id": "6f1c1f0e-5a0b-4a52-8d1c-0d8f5f6f7a11"}}',
}


@pytest.fixture
def directory(tmp_path: Path) -> EdgeDirectory:
    enrolled = EdgeDirectory(tmp_path)
    for name, content in FILES.items():
        enrolled.write(name, content)
    return enrolled


def look(directory: EdgeDirectory, days: int = 0) -> Found:
    return inspect(directory, NOW + timedelta(days=days), lambda message: None)


def is_unfinished(found: Found) -> bool:
    """The key pair exists and stays; the program asks for the other files again."""
    return found.certificate is None and found.key_pair is not None and to_pem(found.key_pair) == FILES["key.pem"]


def test_an_empty_directory_is_new(tmp_path: Path) -> None:
    assert look(EdgeDirectory(tmp_path)) == Found()


def test_a_whole_directory_is_enrolled(directory: EdgeDirectory) -> None:
    found = look(directory)
    assert found.certificate
    assert pem(found.certificate).encode() == FILES["certificate.pem"]


@pytest.mark.parametrize("name", sorted(set(FILES) - {"key.pem"}))
@pytest.mark.parametrize("cut", [None, 0, 5, -30])
def test_a_missing_or_damaged_file_is_asked_for_again(directory: EdgeDirectory, name: str, cut: int | None) -> None:
    if cut is None:
        (directory.path / name).unlink()
    else:
        (directory.path / name).write_bytes(FILES[name][:cut])
    assert is_unfinished(look(directory))


def test_files_of_another_portal_are_asked_for_again(directory: EdgeDirectory) -> None:
    directory.write("trust-anchor.pem", pem(make_pki().root.certificate).encode())
    assert is_unfinished(look(directory))


@pytest.mark.parametrize("content", [b"", b"x", FILES["key.pem"][:60], pem(PKI.root.certificate).encode()])
def test_a_damaged_private_key_is_never_replaced(directory: EdgeDirectory, content: bytes) -> None:
    directory.write("key.pem", content)
    with pytest.raises(Stop, match="no usable private key"):
        look(directory)
    assert directory.read("key.pem") == content


@pytest.mark.parametrize("left", sorted(set(FILES) - {"key.pem"}))
def test_a_lost_private_key_is_not_taken_for_a_new_edge(directory: EdgeDirectory, left: str) -> None:
    for name in set(FILES) - {left}:
        (directory.path / name).unlink()
    with pytest.raises(Stop, match=r"key\.pem is missing"):
        look(directory)


def test_a_certificate_of_another_key_is_refused(directory: EdgeDirectory) -> None:
    directory.write("key.pem", to_pem(make_key_pair()))
    with pytest.raises(Stop, match="does not belong"):
        look(directory)


def test_an_expired_certificate_is_told_with_its_date(directory: EdgeDirectory) -> None:
    assert look(directory, days=89).certificate
    with pytest.raises(Stop, match=r"expired on 20\d\d-"):
        look(directory, days=91)


def test_a_clock_that_is_behind_is_told(directory: EdgeDirectory) -> None:
    with pytest.raises(Stop, match="Check the clock"):
        look(directory, days=-1)
