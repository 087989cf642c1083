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
    """Set up and serve, or exit with one line that explains why the portal cannot start."""
    with startup.explained():
        _run()


def _run() -> None:
    os.umask(0o077)
    state_dir = state_directory(BASE_DIR)
    values = state.read(state_dir, dict(os.environ))
    os.environ.update({name: value for name, value in values.items() if name not in os.environ or name in _OURS})
    os.environ["PORTAL_STATE_DIR"] = str(state_dir)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    # Checked here, because gunicorn would exit with a traceback for a bad value.
    Environment(os.environ).integer("WEB_CONCURRENCY", 2, 1, 256)
    _require_free_port(values["HOST"].strip("[]"), int(values["PORT"]))
    state.make_directory(state_dir)
    _ensure_keyring(state_dir)
    _set_up(state_dir)
    # Written only now, so that settings with which a start fails do not affect the next one.
    state.keep(state_dir, values)
    _print_banner(state_dir)
    _serve(values)


def _require_free_port(host: str, port: int) -> None:
    """Raise CannotStart when the port is taken, before a password is generated that is printed only once."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except (OSError, UnicodeError) as error:
            cause = getattr(error, "strerror", None) or "HOST is no name of a host"
            raise startup.CannotStart(f"{host}:{port} cannot be listened on: {cause}.") from None


# Derived at each start, from the caller's values too.
_OURS = {"HOST", "PORT", "PORTAL_ALLOWED_HOSTS"}


def _ensure_keyring(state_dir: Path) -> None:
    """Generate a missing keyring, unless rows were encrypted with an older one; then run the start-up checks."""
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
    call_command("build_downloads", verbosity=0)
    if Environment(os.environ).boolean("DEMO", default=True):
        call_command("seed_demo", key_file=str(state_dir / DEMO_KEY_FILE), verbosity=0)


def _print_banner(state_dir: Path) -> None:
    """Create the administrator and print the banner last: a generated password is printed only once."""
    from django.conf import settings

    from portal.client_ip import is_loopback
    from portal.quickstart.account import ensure_administrator
    from portal.quickstart.banner import banner

    environ = Environment(os.environ)
    username = environ.text("PORTAL_ADMIN_USERNAME", "admin")
    password = ensure_administrator(username, environ.verbatim("PORTAL_ADMIN_PASSWORD"))
    host = os.environ["HOST"]
    warning = "" if is_loopback(host) else f"Reachable from other machines at {host}, in clear text."
    print(banner(settings.PORTAL_URL, username, password, state_dir / DEMO_KEY_FILE, warning), flush=True)


def _serve(values: dict[str, str]) -> None:
    """Replace this process with gunicorn, so that signals go to it directly."""
    bind = f"{values['HOST']}:{values['PORT']}"
    command = [sys.executable, "-m", "gunicorn", "-c", str(BASE_DIR / "deploy" / "gunicorn.conf.py"), "--bind", bind]
    os.chdir(BASE_DIR)
    os.execv(sys.executable, [*command, "portal.wsgi:application"])


if __name__ == "__main__":
    main()
