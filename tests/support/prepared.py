"""The state of a portal after its first start, made once in a run of tests and copied for each portal.

`python -m tests.support.prepared [aged]` makes it as `portal.quickstart` does, and does not serve.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

from portal.env import STATE_FILE
from portal.quickstart import __main__ as quickstart
from portal.quickstart import state
from tests.support import old_portal
from tests.support.postgresql import Server, running

ROOT = Path(__file__).resolve().parents[2]
# The directory that the processes of a run share; see tests/conftest.py. Benchmarks have none: each start is whole.
VARIABLE = "TESTS_PREPARED_STATES"


CLUSTER = "cluster"


def _made(environ: dict[str, str], *, aged: bool, postgresql: bool) -> Path:
    """The directory with the state, which the first caller makes; with PostgreSQL also with its cluster."""
    age = "aged" if aged else "new"
    made = Path(os.environ[VARIABLE], f"{age}-{'postgresql' if postgresql else 'sqlite'}")
    with made.with_suffix(".lock").open("w") as lock, ExitStack() as stack:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            unfinished = made.with_suffix(".unfinished")
            own = {**environ, "PORTAL_STATE_DIR": str(unfinished)}
            if postgresql:
                own["DATABASE_URL"] = stack.enter_context(running(copy_to=unfinished / CLUSTER)).url
            command = [sys.executable, "-m", "tests.support.prepared", age]
            result = subprocess.run(command, cwd=ROOT, env=own, capture_output=True, text=True)
            if result.returncode:
                raise RuntimeError(f"The state was not made:\n{result.stdout}{result.stderr}")
            stack.pop_all().close()
            unfinished.rename(made)
    return made


def server(environ: dict[str, str], *, aged: bool) -> AbstractContextManager[Server]:
    """A PostgreSQL server with the database of the state that `copy_into` copies."""
    return running(copy_of=_made(environ, aged=aged, postgresql=True) / CLUSTER)


def copy_into(state_dir: Path, environ: dict[str, str], *, aged: bool) -> dict[str, str]:
    """Fill an empty state directory as a first start with `environ` would; the environment to serve with."""
    made = _made(environ, aged=aged, postgresql="DATABASE_URL" in environ)
    # portal.env holds the settings of the portal that it was made for.
    shutil.copytree(made, state_dir, ignore=shutil.ignore_patterns(STATE_FILE, CLUSTER), dirs_exist_ok=True)
    values = state.read(state_dir, environ)
    state.keep(state_dir, values)
    return {**values, **environ, "PORTAL_ALLOWED_HOSTS": values["PORTAL_ALLOWED_HOSTS"]}


if __name__ == "__main__":
    if sys.argv[1] == "aged":
        quickstart._set_up = old_portal.set_up_aged
    quickstart._serve = lambda values: None
    quickstart.main()
