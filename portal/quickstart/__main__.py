"""`python -m portal.quickstart`: prepare the state, migrate, fill an empty database, print the banner, serve."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

from portal import startup
from portal.env import Environment, state_directory
from portal.quickstart import state

BASE_DIR = Path(__file__).resolve().parent.parent.parent
DEMO_KEY_FILE = "demo.provisioning-key.txt"


def main() -> None:
    """Run, and say in one line what kept the portal from starting."""
    with startup.explained():
        _run()


def _run() -> None:
    os.umask(0o077)
    state_dir = state_directory(BASE_DIR)
    values = state.read(state_dir, dict(os.environ))
    os.environ.update({name: value for name, value in values.items() if name not in os.environ or name in _OURS})
    os.environ["PORTAL_STATE_DIR"] = str(state_dir)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    # gunicorn reads it while it is imported, and would answer with a traceback.
    Environment(os.environ).integer("WEB_CONCURRENCY", 2, 1, 256)
    _require_free_port(values["HOST"].strip("[]"), int(values["PORT"]))
    state.make_directory(state_dir)
    _require_the_keyring_of_the_database(state_dir)
    _set_up(state_dir)
    # Only settings that carried a start this far reach the next one and other shells.
    state.keep(state_dir, values)
    _greet(state_dir)
    _serve(values)


def _require_free_port(host: str, port: int) -> None:
    """Before anything is made or printed: a made-up password is shown only once."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except (OSError, UnicodeError) as error:
            cause = getattr(error, "strerror", None) or "HOST is no name of a host"
            raise startup.CannotStart(f"{host}:{port} cannot be listened on: {cause}.") from None


# Derived from HOST and PORT at each start; what the caller set has gone into them.
_OURS = {"HOST", "PORT", "PORTAL_ALLOWED_HOSTS"}


def _require_the_keyring_of_the_database(state_dir: Path) -> None:
    """Make a keyring only where no row needs an older one; then nothing may stand against a start."""
    import django

    django.setup()
    from django.conf import settings

    from keys import keyring_in_use
    from keys.crypto import keyring

    ring = state_dir / state.KEYRING
    if not os.path.lexists(ring) and Path(settings.KEYRING_FILE) == ring.resolve() and not keyring_in_use.ids_in_use():
        state.write_private(ring, keyring.generate() + "\n")
    startup.require_sound()


def _set_up(state_dir: Path) -> None:
    from django.core.management import call_command

    call_command("migrate", verbosity=0, interactive=False)
    call_command("apply_vendor_manifest", verbosity=0)
    call_command("collectstatic", verbosity=0, interactive=False)
    if Environment(os.environ).boolean("DEMO", default=True):
        call_command("seed_demo", key_file=str(state_dir / DEMO_KEY_FILE), verbosity=0)


def _greet(state_dir: Path) -> None:
    """Make the administrator last: after a password is made up nothing but printing it may fail."""
    from django.conf import settings

    from portal.quickstart.account import ensure_administrator
    from portal.quickstart.banner import banner

    environ = Environment(os.environ)
    username = environ.text("PORTAL_ADMIN_USERNAME", "admin")
    password = ensure_administrator(username, environ.verbatim("PORTAL_ADMIN_PASSWORD"))
    host = os.environ["HOST"]
    warning = "" if state.is_loopback(host) else f"Reachable from other machines at {host}, in clear text."
    print(banner(settings.PORTAL_URL, username, password, state_dir / DEMO_KEY_FILE, warning), flush=True)


def _serve(values: dict[str, str]) -> None:
    """Become gunicorn: one process to stop, signals reach it directly."""
    bind = f"{values['HOST']}:{values['PORT']}"
    command = [sys.executable, "-m", "gunicorn", "-c", str(BASE_DIR / "deploy" / "gunicorn.conf.py"), "--bind", bind]
    os.chdir(BASE_DIR)
    os.execv(sys.executable, [*command, "portal.wsgi:application"])


if __name__ == "__main__":
    main()
