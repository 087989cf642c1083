"""The edge's program as one file, on machines that have Python and `cryptography` and nothing of the portal."""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.enrollment.edge.helpers import WHOLE, make_key, modes
from tests.enrollment.edge.helpers_old_edges import make_aged
from tests.support.live import ROOT, LivePortal

pytestmark = pytest.mark.once
BUILD = [sys.executable, "deploy/edge/build.py"]
# What Debian's package python3-cryptography is for.
SYSTEM_PYTHON = "/usr/bin/python3"
ALONE = ("cryptography", "cffi", "_cffi_backend*")


@pytest.fixture(scope="module")
def portal() -> Iterator[LivePortal]:
    with LivePortal(aged=True) as running:
        yield running


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("dist")
    subprocess.run([*BUILD, directory], cwd=ROOT, check=True, capture_output=True)
    return directory / "enroll-edge.pyz"


@pytest.fixture(scope="module")
def only_cryptography(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment in which `python -S` finds cryptography and no other package."""
    packages = Path(sysconfig.get_path("platlib"))
    library = tmp_path_factory.mktemp("library")
    for pattern in ALONE:
        for found in packages.glob(pattern):
            (library / found.name).symlink_to(found)
    return {"PYTHONPATH": str(library), "PATH": os.environ["PATH"]}


def run(line: list[str | Path], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Away from the checkout, without a terminal."""
    return subprocess.run(
        line, cwd="/", env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60
    )


def test_it_enrolls_and_renews_where_only_cryptography_is(
    portal: LivePortal, archive: Path, only_cryptography: dict[str, str], tmp_path: Path
) -> None:
    python: list[str | Path] = [sys.executable, "-S"]
    absent = run([*python, "-c", "import django"], only_cryptography)
    assert "No module named 'django'" in absent.stderr
    key = make_key(portal, "archive", tmp_path / "key.txt", 2)
    line = [*python, archive, "--url", portal.url, "--directory", tmp_path / "edge", "--key-file", key]
    enrolled = run(line, only_cryptography)
    assert (enrolled.returncode, enrolled.stderr) == (0, "")
    assert enrolled.stdout.startswith("Enrolled as archive-1 in group Berlin;")
    assert set(modes(tmp_path / "edge")) == WHOLE
    make_aged(portal, key, [tmp_path / "aged"])
    renewed = run([*python, archive, "--url", portal.url, "--directory", tmp_path / "aged"], only_cryptography)
    assert renewed.stdout.startswith("Renewed"), renewed.stderr


def test_it_runs_with_the_cryptography_of_the_distribution(portal: LivePortal, archive: Path, tmp_path: Path) -> None:
    """Debian 12 has cryptography 38, five years older in its interface than the portal's."""
    if platform.system() != "Linux":
        pytest.skip("a package of Debian and Ubuntu")
    clean = {"PATH": "/usr/bin:/bin"}
    key = make_key(portal, "distribution", tmp_path / "key.txt", 2)
    line = [SYSTEM_PYTHON, "-I", archive, "--url", portal.url, "--directory", tmp_path / "edge", "--key-file", key]
    for word in ("Enrolled", "Already enrolled"):
        result = run(line, clean)
        assert (result.returncode, result.stderr) == (0, "")
        assert result.stdout.startswith(word)
    make_aged(portal, key, [tmp_path / "aged"])
    renewed = run([archive, "--url", portal.url, "--directory", tmp_path / "aged"], clean)
    assert renewed.stdout.startswith("Renewed"), renewed.stderr


def test_an_old_library_believes_no_forged_chain(archive: Path) -> None:
    """The check that stands in for `verify_directly_issued_by` before cryptography 40."""
    from cryptography.exceptions import InvalidSignature

    from enrollment.edge import pem
    from tests.enrollment.edge.helpers import make_pki

    ours, other = make_pki(), make_pki()
    pem._require_issued_by(ours.issuer.certificate, ours.root.certificate)
    with pytest.raises(InvalidSignature):
        pem._require_issued_by(ours.issuer.certificate, other.root.certificate)
    with pytest.raises(InvalidSignature):
        pem._require_issued_by(ours.issuer.certificate, ours.issuer.certificate)


def test_the_same_sources_give_the_same_bytes(archive: Path, tmp_path: Path) -> None:
    subprocess.run([*BUILD, tmp_path], cwd=ROOT, check=True, capture_output=True)
    assert (tmp_path / archive.name).read_bytes() == archive.read_bytes()


def test_it_holds_the_edge_and_no_other_part_of_the_portal(archive: Path) -> None:
    listed = subprocess.check_output([sys.executable, "-m", "zipfile", "-l", archive], text=True)
    names = {line.split()[0] for line in listed.splitlines()[1:]}
    assert {name for name in names if not name.startswith("enrollment/edge/")} == {
        "__main__.py", "enrollment/__init__.py", "keys/__init__.py", "keys/crypto/__init__.py",
        "keys/crypto/ca_certificates.py", "keys/crypto/invisible.py", "keys/crypto/pasted_keys.py",
        "keys/crypto/tokens.py",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "code"), [(["--help"], 0), (["-h"], 0), ([], 2), (["--nonsense"], 2), (["a", "b"], 2)]
)
def test_the_build_explains_itself_and_makes_nothing(arguments: list[str], code: int, tmp_path: Path) -> None:
    program = [sys.executable, ROOT / "deploy/edge/build.py", *arguments]
    result = subprocess.run(program, cwd=tmp_path, capture_output=True, text=True)
    assert result.returncode == code
    assert (result.stdout or result.stderr).startswith("usage: build.py [-h] DIRECTORY\n")
    assert not list(tmp_path.iterdir())


def test_the_module_runs_from_a_checkout_too() -> None:
    assert importlib.util.find_spec("enrollment.edge.__main__")
    result = subprocess.run([sys.executable, "-m", "enrollment.edge"], cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 2
    assert result.stderr.startswith("usage: enroll-edge ")
    assert shutil.which(sys.executable)


def test_a_file_in_the_place_of_the_directory_is_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    result = subprocess.run([*BUILD, tmp_path / "file"], cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 2
    assert result.stderr.endswith(f"build.py: error: Cannot make the directory {tmp_path / 'file'}: File exists.\n")
