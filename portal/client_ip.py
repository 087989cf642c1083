"""The caller's address: forwarded headers count only when a trusted proxy sent the request."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from django.conf import settings
from django.http import HttpRequest

UNIX_SOCKET = "unix"
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def parse_address(text: str) -> Address | None:
    """An address without port, zone or IPv4 mapping; None when the text is not one."""
    try:
        address = ipaddress.ip_address(text.strip().split("%", 1)[0])
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped or address


def _is_trusted(peer: str, proxies: Sequence[str]) -> bool:
    # gunicorn leaves REMOTE_ADDR empty when the request came through its Unix socket.
    if not peer:
        return UNIX_SOCKET in proxies
    address = parse_address(peer)
    networks = (ipaddress.ip_network(proxy, strict=False) for proxy in proxies if proxy != UNIX_SOCKET)
    return address is not None and any(address in network for network in networks)


def from_trusted_proxy(request: HttpRequest) -> bool:
    """Whether the peer that connected to us is one of TRUSTED_PROXIES."""
    return bool(settings.TRUSTED_PROXIES) and _is_trusted(request.META.get("REMOTE_ADDR", ""), settings.TRUSTED_PROXIES)


def client_ip(request: HttpRequest) -> str | None:
    """The nearest address that is not a trusted proxy; None when it cannot be known (a bare Unix socket)."""
    nearest = parse_address(request.META.get("REMOTE_ADDR", ""))
    if from_trusted_proxy(request):
        # Each proxy appends the address it saw, so the list is read from its end and stops at the first stranger.
        for hop in reversed(request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")):
            address = parse_address(hop)
            if address is None:
                break
            nearest = address
            if not _is_trusted(str(address), settings.TRUSTED_PROXIES):
                break
    return str(nearest) if nearest else None


def network_of(address: str | None) -> str:
    """The /24 or /64 an address belongs to: the unit in which strangers are counted. "unknown" without an address."""
    parsed = parse_address(address or "")
    if parsed is None:
        return "unknown"
    return str(ipaddress.ip_network((parsed, 24 if parsed.version == 4 else 64), strict=False))
