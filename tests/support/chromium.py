"""A headless Chromium: the one CHROMIUM names, the system's, or Playwright's own."""

from __future__ import annotations

import os
import shutil

from playwright.sync_api import Browser, Playwright

FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    # Otherwise each navigation starts a process in reserve for a site that never comes.
    "--disable-site-isolation-trials",
]  # fmt: skip
# First the one without windows of its own: it saves a third of the time of the browser tests.
_NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")


def launch(playwright: Playwright) -> Browser:
    """A new browser; it makes no connection of its own."""
    system = (path for name in _NAMES if (path := shutil.which(name)))
    path = os.environ.get("CHROMIUM") or next(system, None)
    return playwright.chromium.launch(executable_path=path, args=FLAGS)
