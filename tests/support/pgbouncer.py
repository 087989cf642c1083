"""A throw-away PgBouncer in front of a PostgreSQL server of the tests, pooling by transaction, with few connections."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from tests.support.postgresql import free_port

# Fewer than the portal has threads, so that they are really shared.
SERVER_CONNECTIONS = 4
_CONFIG = """\
[databases]
* = host={host} port={server_port} user={user}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = {connections}
server_login_retry = 1
"""


@contextmanager
def pgbouncer(server_url: str) -> Iterator[str]:
    """Run it and yield the URL of the same database through it."""
    program = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        raise RuntimeError("No pgbouncer found. As root type: apt-get install pgbouncer")
    server, port = urlsplit(server_url), free_port()
    with tempfile.TemporaryDirectory(prefix="portal-pgbouncer-") as directory:
        config = Path(directory) / "pgbouncer.ini"
        values = {"host": server.hostname, "server_port": server.port, "user": server.username, "port": port}
        config.write_text(_CONFIG.format(**values, connections=SERVER_CONNECTIONS))
        Path(directory).chmod(0o755)
        # It refuses root, and takes the other account itself.
        account = ["-u", "postgres"] if os.geteuid() == 0 else []
        process = subprocess.Popen([program, "-q", *account, str(config)], stderr=subprocess.DEVNULL, cwd="/")
        try:
            _wait(port)
            yield server._replace(netloc=f"{server.username}@127.0.0.1:{port}").geturl()
        finally:
            process.terminate()
            process.wait()


def _wait(port: int) -> None:
    deadline = time.monotonic() + 10
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return
