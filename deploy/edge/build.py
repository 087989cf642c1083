"""Build the edge's own program: `python deploy/edge/build.py DIRECTORY`.

Writes DIRECTORY/enroll-edge.pyz, one file that runs with Python 3.11 and `cryptography`; its systemd unit;
install-edge.sh, which installs both; DIRECTORY/container, the build context of a container image, also as
enroll-edge-container.tar; and, if dpkg-deb exists, enroll-edge_VERSION_all.deb. The same sources give the same bytes.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from modulefinder import ModuleFinder
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Debian's python3-cryptography is installed for this Python.
SHEBANG = b"#!/usr/bin/python3\n"
START = "import runpy\nrunpy.run_module('enrollment.edge', run_name='__main__')\n"
_LONG_AGO = (1980, 1, 1, 0, 0, 0)
# The same moment in seconds, for dpkg-deb (https://reproducible-builds.org/specs/source-date-epoch/) and tar.
_EPOCH = 315532800


def version() -> str:
    """The version of the portal in pyproject.toml."""
    (found,) = re.findall(r'^version = "(.*)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    return str(found)


def sources() -> dict[str, str]:
    """The contents of the archive by file name: the modules of this repository that the program imports."""
    program = ROOT / "enrollment/edge/__main__.py"
    finder = ModuleFinder([str(ROOT)])
    finder.run_script(str(program))
    files = {program, *(Path(module.__file__) for module in finder.modules.values() if module.__file__)}
    return {"__main__.py": START} | {str(file.relative_to(ROOT)): file.read_text() for file in sorted(files)}


def build_archive(target: Path) -> None:
    """Write a zip archive that Python can run."""
    with target.open("wb") as file:
        file.write(SHEBANG)
        with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive:
            for name, content in sources().items():
                entry = zipfile.ZipInfo(name, _LONG_AGO)
                entry.external_attr, entry.compress_type = 0o644 << 16, zipfile.ZIP_DEFLATED
                archive.writestr(entry, content)
    target.chmod(0o755)


def build_package(archive: Path, target: Path) -> None:
    """Write a Debian package from the tree deploy/edge/debian, the unit and the archive."""
    with tempfile.TemporaryDirectory() as scratch:
        tree = Path(scratch) / "tree"
        shutil.copytree(ROOT / "deploy/edge/debian", tree)
        control = tree / "DEBIAN/control"
        control.write_text(control.read_text().replace("@VERSION@", version()))
        for source, place in (
            (archive, "usr/bin/enroll-edge"),
            (ROOT / "deploy/edge/enroll-edge.service", "lib/systemd/system/enroll-edge.service"),
            (ROOT / "deploy/edge/enroll-edge-setup", "usr/sbin/enroll-edge-setup"),
            (ROOT / "LICENSE", "usr/share/doc/enroll-edge/copyright"),
        ):
            (tree / place).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, tree / place)
        (tree / "etc/enroll-edge").mkdir(parents=True)
        for path in [tree, *tree.rglob("*")]:
            # The same modes under any umask.
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
        command = ["dpkg-deb", "--root-owner-group", "--build", tree, target]
        subprocess.run(command, env={**os.environ, "SOURCE_DATE_EPOCH": str(_EPOCH)}, check=True, capture_output=True)


def build_context(archive: Path, target: Path) -> None:
    """Write the build context of the container image. It contains nothing else, such as state of the portal."""
    shutil.copytree(ROOT / "deploy/edge/container", target, dirs_exist_ok=True)
    shutil.copy(archive, target)


def build_context_archive(context: Path, target: Path) -> None:
    """Write the build context as one file, which `docker build` reads from its standard input."""

    def reproducible(entry: tarfile.TarInfo) -> tarfile.TarInfo:
        entry.mtime, entry.uid, entry.gid, entry.uname, entry.gname = _EPOCH, 0, 0, "root", "root"
        entry.mode = 0o755 if entry.mode & 0o100 else 0o644
        return entry

    with tarfile.open(target, "w", format=tarfile.USTAR_FORMAT) as file:
        for path in sorted(context.iterdir()):
            file.add(path, path.name, filter=reproducible)


def build_installer(archive: Path, target: Path) -> None:
    """Write the script that installs the program as a service. It holds the SHA-256 of the program and the unit."""
    edge = ROOT / "deploy/edge"
    parts = {
        "@SHA256@": hashlib.sha256(archive.read_bytes()).hexdigest(),
        "@UNIT@": (edge / "enroll-edge.service").read_text().rstrip("\n"),
        "@SETUP@": (edge / "enroll-edge-setup").read_text().partition("set -eu\n")[2].rstrip("\n"),
    }
    script = (edge / "install-edge.sh").read_text()
    for name, content in parts.items():
        script = script.replace(name, content)
    target.write_text(script)
    target.chmod(0o755)


def main(argv: list[str]) -> None:
    """Build everything and print the path of each result."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("directory", metavar="DIRECTORY", type=Path, help="where to write; created if missing")
    directory: Path = parser.parse_args(argv).directory
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        parser.error(f"Cannot make the directory {directory}: {error.strerror}.")
    archive = directory / "enroll-edge.pyz"
    build_archive(archive)
    print(archive)
    shutil.copy(ROOT / "deploy/edge/enroll-edge.service", directory)
    build_installer(archive, directory / "install-edge.sh")
    print(directory / "install-edge.sh")
    build_context(archive, directory / "container")
    build_context_archive(directory / "container", directory / "enroll-edge-container.tar")
    print(directory / "container")
    if shutil.which("dpkg-deb"):
        package = directory / f"enroll-edge_{version()}_all.deb"
        build_package(archive, package)
        print(package)


if __name__ == "__main__":
    main(sys.argv[1:])
