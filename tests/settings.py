"""The portal's settings as in production, with a throw-away state directory and unhashed static files."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from keys.crypto import keyring

STATE = Path(tempfile.mkdtemp(prefix="portal-tests-"))


@atexit.register
def _remove_state(made_by: int = os.getpid()) -> None:
    # Not at the end of a process that was forked from this one.
    if os.getpid() == made_by:
        shutil.rmtree(STATE, ignore_errors=True)


KEYRING = STATE / "keyring.json"
KEYRING.write_text(keyring.generate("test"))
KEYRING.chmod(0o600)
(STATE / "static").mkdir()
os.environ.update(
    {
        "PORTAL_STATE_DIR": str(STATE),
        "PORTAL_SECRET_KEY": "a secret key that only the tests use, longer than fifty characters",
        "PORTAL_KEYRING_FILE": str(KEYRING),
        "PORTAL_ALLOWED_HOSTS": "testserver localhost 127.0.0.1",
        "PORTAL_URL": "https://portal.example.com",
    }
)

from portal.settings import *  # noqa: E402, F403  # the environment must be set first

# With the parameters of production a hash takes 60 ms; tests/portal/test_password_hashing.py sets those.
PASSWORD_HASHERS = ["tests.support.quick_hasher.QuickHasher"]
STORAGES = {**STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}  # noqa: F405
if "sqlite" in DATABASES["default"]["ENGINE"]:  # noqa: F405
    # In memory, as Django does by itself; pytest-django knows that only of Django's own engine.
    DATABASES["default"]["TEST"] = {"NAME": ":memory:"}  # noqa: F405
