"""How gunicorn serves the portal, in `make run` and in production. The address comes from --bind."""

import logging
import os
import shutil
import tempfile

# Threads keep an idle browser connection or a slow client from holding a whole worker.
worker_class = "gthread"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = 8
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

# prometheus-client adds the workers' counters up through files in this directory.
_metrics_dir = tempfile.mkdtemp(prefix="portal-metrics-")
os.environ["PROMETHEUS_MULTIPROC_DIR"] = _metrics_dir


def _without_request_text(record: logging.LogRecord) -> bool:
    # gunicorn quotes what it cannot parse, and a line that went astray may be a provisioning key.
    message = record.getMessage()
    if message.startswith("Invalid request from"):
        record.msg, record.args = "Invalid request refused", ()
    elif message.startswith("Error handling request"):
        record.msg, record.args = "Error handling a request", ()
    return True


def post_fork(server, worker) -> None:
    logging.getLogger("gunicorn.error").addFilter(_without_request_text)


def post_worker_init(worker) -> None:
    from portal import housekeeping

    housekeeping.start()


def child_exit(server, worker) -> None:
    from prometheus_client import multiprocess

    multiprocess.mark_process_dead(worker.pid)


def on_exit(server) -> None:
    shutil.rmtree(_metrics_dir, ignore_errors=True)
