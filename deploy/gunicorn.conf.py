"""gunicorn's configuration, for `make run` and production. The address comes from --bind."""

import atexit
import fcntl
import logging
import os
import shutil
import tempfile
import time
from pathlib import Path

from portal import startup
from portal.env import Environment

with startup.explained():
    _env = Environment(os.environ)
    workers = _env.integer("WEB_CONCURRENCY", 2, 1, 256)

# Slow clients do not hold a thread.
worker_class = "portal.slow_clients.PatientWorker"
# Below 1,024, the usual limit of open files of a process.
worker_connections = 500
# The time limit of answers is in AnsweringSocket.sendall, which sendfile would bypass.
sendfile = False
threads = 6
# Loading the portal before the fork halves the memory. Nothing opens a connection before it.
preload_app = True
timeout = 30
graceful_timeout = 30
keepalive = 5
max_requests = 20000
max_requests_jitter = 2000
limit_request_line = 4094
# In WSGI a header name with an underscore is the same as one with a hyphen, so a client could imitate a proxy's header.
header_map = "refuse"
# The portal itself checks forwarded headers with TRUSTED_PROXIES.
forwarded_allow_ips = "*"
secure_scheme_headers: dict[str, str] = {}
control_socket_disable = True
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None
loglevel = _env.text("LOG_LEVEL", "warning")

# gunicorn would take a URL prefix from these headers and this variable.
forwarder_headers = ""
os.environ.pop("SCRIPT_NAME", None)


def _metrics_directory() -> str:
    """Create the directory in which prometheus-client collects the workers' counters, one for each gunicorn master.

    The master and its workers hold a lock on it, which ends with the last of them. Directories without a lock are
    removed at the next start.
    """
    kept = os.environ.get("PROMETHEUS_MULTIPROC_DIR", "")
    if os.environ.get("PORTAL_METRICS_OWNER") == str(os.getpid()):
        return kept  # a reload
    for left in Path(tempfile.gettempdir()).glob("portal-metrics-*"):
        _remove_if_left(left)
    made = tempfile.mkdtemp(prefix="portal-metrics-")
    fcntl.flock(os.open(made, os.O_RDONLY), fcntl.LOCK_EX)
    os.environ.update(PROMETHEUS_MULTIPROC_DIR=made, PORTAL_METRICS_OWNER=str(os.getpid()))
    atexit.register(_remove_if_owned, made, os.getpid())
    return made


def _remove_if_left(directory: Path) -> None:
    try:
        status = directory.lstat()
        # Another portal may have just created it and not locked it yet.
        if status.st_uid != os.getuid() or time.time() - status.st_mtime < 60:
            return
        descriptor = os.open(directory, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError:
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(directory, ignore_errors=True)
    except OSError:
        pass
    finally:
        os.close(descriptor)


def _remove_if_owned(directory: str, owner: int) -> None:
    if os.getpid() == owner:
        shutil.rmtree(directory, ignore_errors=True)


_metrics_directory()


def _without_request_text(record: logging.LogRecord) -> bool:
    # gunicorn quotes requests that it cannot parse, which may contain a provisioning key.
    message = record.getMessage()
    if message.startswith("Invalid request from"):
        record.msg, record.args = "Invalid request refused", ()
    elif message.startswith("Error handling request"):
        record.msg, record.args = "Error handling a request", ()
    return True


def on_starting(server) -> None:
    with startup.explained():
        startup.require_sound_to_serve()
    from portal.preloading import warm_up

    warm_up()


def post_fork(server, worker) -> None:
    logging.getLogger("gunicorn.error").addFilter(_without_request_text)


def post_worker_init(worker) -> None:
    from portal import housekeeping

    housekeeping.start()


def child_exit(server, worker) -> None:
    from prometheus_client import multiprocess

    multiprocess.mark_process_dead(worker.pid)
