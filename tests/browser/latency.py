"""Chromium with slow answers, so that a test that reads a page before it has waited for it fails every time."""

from __future__ import annotations

from functools import partialmethod
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Locator, Page


def add_latency(patch: pytest.MonkeyPatch, milliseconds: int, cpu: int) -> None:
    """From now on the headers of each answer come late, its body trickles, and no click waits for what it leads to.

    `milliseconds` is the time from request to headers; the processor of each page runs `cpu` times slower.
    """
    new_page = BrowserContext.new_page

    def slow_page(context: BrowserContext) -> Page:
        page = new_page(context)
        session = context.new_cdp_session(page)
        if milliseconds:
            # Bytes per second: a page of 10 kB, as the list is, needs as long as its headers.
            speed = 10_000_000 // milliseconds
            conditions: dict[str, Any] = {"latency": milliseconds, "downloadThroughput": speed, "uploadThroughput": -1}
            session.send("Network.emulateNetworkConditions", {"offline": False, **conditions})
        session.send("Emulation.setCPUThrottlingRate", {"rate": cpu})
        return page

    patch.setattr(BrowserContext, "new_page", slow_page)
    # Playwright waits for a navigation that starts while it clicks, which hides the race on a quick machine.
    for act in ("click", "press"):
        patch.setattr(Locator, act, partialmethod(getattr(Locator, act), no_wait_after=True))
