"""The caller's IP address. Forwarded headers count only in requests that a trusted proxy sent."""

from __future__ import annotations

import ipaddress
import logging
import re
from collections.abc import Sequence

from django.conf import settings
from django.http import HttpRequest

from portal import header_pairs
from portal.rate_limit import RateLimit

logger = logging.getLogger(__name__)
UNIX_SOCKET = "unix"
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
# An address as proxies write it: `203.0.113.5:4711`, `[2001:db8::5]`, `[2001:db8::5]:4711` (RFC 7239 §6).
_NODE = re.compile(r"(?:\[(?P<six>[^\[\]]+)\]|(?P<four>[0-9.]+))(?::[A-Za-z0-9._-]+)?")
_warned = RateLimit(limit=1, seconds=60)


def parse_address(text: str) -> Address | None:
    """An IP address from text, without zone and IPv4 mapping; None when the text is no address."""
    try:
        address = ipaddress.ip_address(text.strip().split("%", 1)[0])
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped or address


def is_loopback(host: str) -> bool:
    """Whether `host`, a name or an address with or without brackets, is this machine alone."""
    address = parse_address(host.strip("[]"))
    return address.is_loopback if address else host == "localhost"


def _is_trusted(peer: str, proxies: Sequence[str]) -> bool:
    # gunicorn leaves REMOTE_ADDR empty when the request came through its Unix socket.
    if not peer:
        return UNIX_SOCKET in proxies
    address = parse_address(peer)
    networks = (ipaddress.ip_network(proxy, strict=False) for proxy in proxies if proxy != UNIX_SOCKET)
    return address is not None and any(address in network for network in networks)


def from_trusted_proxy(request: HttpRequest) -> bool:
    """Whether the peer of the connection is one of TRUSTED_PROXIES."""
    return bool(settings.TRUSTED_PROXIES) and _is_trusted(request.META.get("REMOTE_ADDR", ""), settings.TRUSTED_PROXIES)


def client_ip(request: HttpRequest) -> str | None:
    """The nearest address that is not a trusted proxy; None when it is unknown.

    It is unknown behind a Unix socket without a header, and when a trusted proxy forwards something that is no address
    (`unknown`, `_hidden`). The proxy's own address is never used for its client.
    """
    nearest = parse_address(request.META.get("REMOTE_ADDR", ""))
    if from_trusted_proxy(request):
        # Each proxy appends the address it saw. Everything before the first untrusted address from the end was written
        # by that client.
        for hop in reversed(_forwarded_for(request)):
            text = hop.strip().strip('"')
            node = _NODE.fullmatch(text)
            nearest = parse_address((node["six"] or node["four"]) if node else text)
            if nearest is None:
                _warn_once_a_minute()
            if nearest is None or not _is_trusted(str(nearest), settings.TRUSTED_PROXIES):
                break
    return str(nearest) if nearest else None


def _forwarded_for(request: HttpRequest) -> list[str]:
    """The items of X-Forwarded-For; without that header the `for` of each element of Forwarded, "" when missing."""
    listed: str = request.META.get("HTTP_X_FORWARDED_FOR", "")
    if listed.strip():
        return listed.split(",")
    try:
        elements = header_pairs.parse(request.META.get("HTTP_FORWARDED", "").strip())
    except ValueError:
        return [""]
    return [dict(pairs).get("for", "") for pairs in elements] if elements != [[]] else []


def _warn_once_a_minute() -> None:
    if not _warned.retry_after(""):
        _warned.count("")
        logger.warning("a trusted proxy forwards no readable client address; see docs/proxies.md")


def network_of(address: str | None) -> str:
    """The /24 or /48 of an address, the unit in which unauthenticated callers are counted; "unknown" without one.

    An IPv6 site gets a /48 (RFC 6177) and may use every address in it.
    """
    parsed = parse_address(address or "")
    if parsed is None:
        return "unknown"
    return str(ipaddress.ip_network((parsed, 24 if parsed.version == 4 else 48), strict=False))
