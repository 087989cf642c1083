"""Outside `make run` the portal does not start without its secrets and hosts. The README lists every variable."""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from unittest import TestCase

ROOT = Path(__file__).resolve().parents[2]
COMPLETE = {
    "PORTAL_SECRET_KEY": "x" * 60,
    "PORTAL_KEYRING_FILE": "/does/not/exist",
    "PORTAL_ALLOWED_HOSTS": "portal.example.com",
}


def settings_value(expression: str, environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    with tempfile.TemporaryDirectory() as empty:
        return subprocess.run(
            [sys.executable, "-c", f"from portal import settings; print({expression})"],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], "PORTAL_STATE_DIR": empty, **environ},
            capture_output=True,
            text=True,
        )


class FailsClosedTest(TestCase):
    def test_each_missing_secret_stops_the_start(self) -> None:
        for name in COMPLETE:
            environ = {key: value for key, value in COMPLETE.items() if key != name}
            result = settings_value("1", environ)
            self.assertNotEqual(result.returncode, 0)
            self.assertIn(f"{name} is not set", result.stderr)

    def test_unclear_words_stop_the_start(self) -> None:
        result = settings_value("1", {**COMPLETE, "PORTAL_PLAIN_HTTP": "perhaps"})
        self.assertIn("PORTAL_PLAIN_HTTP must be one of", result.stderr)

    def test_https_is_the_default_and_all_four_go_together(self) -> None:
        names = "settings.SECURE_SSL_REDIRECT, settings.SESSION_COOKIE_SECURE, settings.SESSION_COOKIE_NAME, "
        names += "settings.SECURE_HSTS_SECONDS > 0"
        self.assertEqual(settings_value(names, COMPLETE).stdout.strip(), "True True __Host-session True")
        plain = settings_value(names, {**COMPLETE, "PORTAL_PLAIN_HTTP": "1"})
        self.assertEqual(plain.stdout.strip(), "False False session False")

    def test_debug_cannot_be_switched_on(self) -> None:
        self.assertEqual(settings_value("settings.DEBUG", {**COMPLETE, "DEBUG": "1"}).stdout.strip(), "False")


class DocumentedVariablesTest(TestCase):
    def test_the_readme_lists_the_variables_that_are_read_and_no_others(self) -> None:
        sources = [*(ROOT / "portal").rglob("*.py"), ROOT / "deploy/gunicorn.conf.py"]
        code = "\n".join(source.read_text() for source in sources)
        calls = re.findall(
            r"\.(text|boolean|integer|words|secret|database|verbatim)\(\s*[\"']([A-Z][A-Z_]+)[\"']", code
        )
        read = {name for _, name in calls}
        read |= {f"{name}_FILE" for method, name in calls if method in {"secret", "database"}}
        table = (ROOT / "README.md").read_text().partition("## Configuration")[2].partition("\n## ")[0]
        rows = [line for line in table.splitlines() if line.startswith("| `")]
        listed = {name for row in rows for name in re.findall(r"`([A-Z][A-Z0-9_]+)`", row)}
        self.assertEqual(read, listed)
