"""Browsers are named as people know them."""

from __future__ import annotations

from unittest import TestCase

from portal.browsers import described

_KIT = "AppleWebKit/537.36 (KHTML, like Gecko)"


class BrowsersTest(TestCase):
    def test_a_browser_and_its_system(self) -> None:
        for header, words in (
            ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0", "Firefox on Windows"),
            (f"Mozilla/5.0 (X11; Linux x86_64) {_KIT} Chrome/126.0.0.0 Safari/537.36", "Chrome on Linux"),
            (
                f"Mozilla/5.0 (Windows NT 10.0) {_KIT} Chrome/126.0 Safari/537.36 Edg/126.0",
                "Edge on Windows",
            ),
            (f"Mozilla/5.0 (Linux; Android 14; Pixel 8) {_KIT} Chrome/126.0 Mobile Safari/537.36", "Chrome on Android"),
            ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/17.5 Safari/605.1.15", "Safari on macOS"),
            ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) CriOS/126.0 Safari/604.1", "Chrome on iPhone"),
            ("curl/8.5.0", "curl"),
            ("", "Unknown browser"),
            ("<script>", "Unknown browser"),
        ):
            self.assertEqual(described(header), words)
