"""The addresses to which a key may be sent."""

from __future__ import annotations

import pytest

from enrollment.edge.outcomes import WrongUsage
from enrollment.edge.portal_url import Address, read_address


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://portal.example.com", Address(True, "portal.example.com", 443, "/enrollment/v1/enroll")),
        ("https://portal.example.com:8443/", Address(True, "portal.example.com", 8443, "/enrollment/v1/enroll")),
        ("https://example.com/psek/", Address(True, "example.com", 443, "/psek/enrollment/v1/enroll")),
        ("https://example.com/enrollment/v1/enroll", Address(True, "example.com", 443, "/enrollment/v1/enroll")),
        ("HTTPS://EXAMPLE.com", Address(True, "example.com", 443, "/enrollment/v1/enroll")),
        ("http://[::1]:8000", Address(False, "::1", 8000, "/enrollment/v1/enroll")),
        ("http://127.8.9.1", Address(False, "127.8.9.1", 80, "/enrollment/v1/enroll")),
        ("http://localhost:8000/", Address(False, "localhost", 8000, "/enrollment/v1/enroll")),
    ],
)
def test_an_address_leads_to_the_endpoint(url: str, expected: Address) -> None:
    assert read_address(url, insecure_http=False) == expected


@pytest.mark.parametrize(
    "url",
    [
        "http://portal.example.com", "http://192.0.2.1", "http://localhost.example.com", "http://127.0.0.1.example.com",
        "http://[2001:db8::1]/", "http://0.0.0.0:8000",
    ],
)  # fmt: skip
def test_clear_text_to_another_machine_needs_the_flag(url: str) -> None:
    with pytest.raises(WrongUsage, match="clear text"):
        read_address(url, insecure_http=False)
    assert not read_address(url, insecure_http=True).encrypted


@pytest.mark.parametrize(
    "url",
    [
        "", "portal.example.com", "ftp://portal.example.com", "https://", "https://:443/", "https://host:port/",
        "https://host:0/", "https://host:70000/", "https://user@host/", "https://user:word@host/", "https://host/?key=1",
        "https://host/#a", "https://host/a b", "https://host/\r\nX: y", "https://[::1/", "https://h\u00f6st/",
        f"https://{'a' * 64}.example.com/", "file:///etc/passwd", "https://host\x00/",
    ],
)  # fmt: skip
def test_anything_else_is_wrong_usage(url: str) -> None:
    with pytest.raises(WrongUsage):
        read_address(url, insecure_http=True)
