"""How gunicorn serves the portal, in `make run` and in production. The address comes from --bind."""

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

# Requests are received without a thread, so that no slow client holds one.
worker_class = "portal.slow_clients.PatientWorker"
# Below the 1,024 files that a process may usually open.
worker_connections = 500
# An answer's deadline follows what is sent, which the kernel would do on its own.
sendfile = False
threads = 6
# Loading the portal once and forking halves the memory; nothing is opened before the fork.
preload_app = True
timeout = 30
graceful_timeout = 30
keepalive = 5
max_requests = 20000
max_requests_jitter = 2000
limit_request_line = 4094
# A header whose name holds an underscore can pose as one a proxy sets.
header_map = "refuse"
# The portal decides by TRUSTED_PROXIES whose forwarded headers count.
forwarded_allow_ips = "*"
secure_scheme_headers: dict[str, str] = {}
control_socket_disable = True
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None
loglevel = os.environ.get("LOG_LEVEL", "warning")

# An address of the portal is what it is: no header and no left-over variable moves it (gunicorn reads both).
forwarder_headers = ""
os.environ.pop("SCRIPT_NAME", None)


def _metrics_directory() -> str:
    """Where prometheus-client adds the workers' counters up: one directory for as long as this master lives.

    The lock on it goes when the last process of ours ends, however it ends; what nobody locks any more is removed.
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
        # Another portal may have made it this moment and not locked it yet.
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
    # gunicorn quotes what it cannot parse, and a line that went astray may be a provisioning key.
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
