"""`python -m portal.quickstart`: prepare the state, migrate, fill an empty database, print the banner, serve."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError

from portal.env import Environment
from portal.quickstart import state

BASE_DIR = Path(__file__).resolve().parent.parent.parent
DEMO_KEY_FILE = "demo.provisioning-key.txt"


def main() -> None:
    """Run, and say in one line what kept the portal from starting."""
    try:
        _run()
    except (ImproperlyConfigured, OperationalError, OSError, OverflowError) as error:
        sys.exit(f"The portal cannot start: {str(error).strip()}")


def _run() -> None:
    os.umask(0o077)
    state_dir = BASE_DIR / os.environ.get("PORTAL_STATE_DIR", "var")
    values = state.prepare(state_dir, dict(os.environ))
    os.environ.update({name: value for name, value in values.items() if name not in os.environ or name in _OURS})
    os.environ["PORTAL_STATE_DIR"] = str(state_dir)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    _require_free_port(os.environ.get("HOST", "").strip("[]"), int(values["PORT"]))
    _set_up(state_dir)
    _serve(values)


def _require_free_port(host: str, port: int) -> None:
    """Before anything is made or printed: a made-up password is shown only once."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise OSError(f"{host}:{port} cannot be listened on: {error.strerror}.") from None


# Derived from HOST and PORT at each start; what the caller set has gone into them.
_OURS = {"HOST", "PORTAL_ALLOWED_HOSTS"}


def _set_up(state_dir: Path) -> None:
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    from portal.quickstart.account import ensure_administrator
    from portal.quickstart.banner import banner

    call_command("migrate", verbosity=0, interactive=False)
    call_command("apply_vendor_manifest", verbosity=0)
    call_command("collectstatic", verbosity=0, interactive=False)
    username = os.environ.get("PORTAL_ADMIN_USERNAME", "admin")
    password = ensure_administrator(username, os.environ.get("PORTAL_ADMIN_PASSWORD", ""))
    key_file = state_dir / DEMO_KEY_FILE
    if Environment(os.environ).boolean("DEMO", default=True):
        call_command("seed_demo", key_file=str(key_file), verbosity=0)
    host = os.environ["HOST"]
    warning = "" if state.is_loopback(host) else f"Reachable from other machines at {host}, in clear text."
    print(banner(settings.PORTAL_URL, username, password, key_file, warning), flush=True)


def _serve(values: dict[str, str]) -> None:
    """Become gunicorn: one process to stop, signals reach it directly."""
    bind = f"{values['HOST']}:{values['PORT']}"
    command = [sys.executable, "-m", "gunicorn", "-c", str(BASE_DIR / "deploy" / "gunicorn.conf.py"), "--bind", bind]
    os.chdir(BASE_DIR)
    os.execv(sys.executable, [*command, "portal.wsgi:application"])


if __name__ == "__main__":
    main()
