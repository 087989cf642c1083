"""The address of the portal: parsing --url, and deciding whether a key may be sent there."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from enrollment.edge.outcomes import WrongUsage

ENDPOINT = "/enrollment/v1/enroll"
RENEW, HEARTBEAT = "/enrollment/v1/renew", "/enrollment/v1/heartbeat"


@dataclass(frozen=True, slots=True)
class Address:
    """The enrollment endpoint of one portal."""

    encrypted: bool
    host: str
    port: int
    path: str

    def at(self, endpoint: str) -> Address:
        """The address of `endpoint` on the same portal."""
        return replace(self, path=self.path.removesuffix(ENDPOINT) + endpoint)

    @property
    def authority(self) -> str:
        """`host:port`, with an IPv6 address in brackets."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Whether the host is this machine."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


def read_address(url: str, *, insecure_http: bool) -> Address:
    """Parse the address of a portal, with or without the path of the endpoint.

    Raises WrongUsage for what is not such an address, and for http to another machine unless `insecure_http`.
    """
    address = _parse(url)
    if not address.encrypted and not address.is_loopback and not insecure_http:
        raise WrongUsage(
            f"Over http the provisioning key would travel to {address.host} in clear text. "
            "Use https, or --insecure-http on a network you trust."
        )
    return address


def _parse(url: str) -> Address:
    try:
        if not url.isascii() or not url.isprintable() or " " in url:
            raise ValueError
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
        host.encode("idna")
    except ValueError:
        raise WrongUsage("--url is not an address. It looks like https://portal.example.com/") from None
    if parts.scheme not in {"http", "https"} or not host or port == 0:
        raise WrongUsage("--url must be the address of a portal: https://HOST[:PORT]/")
    # Logs would show a password or a query in the address, and the endpoint refuses both.
    if parts.username is not None or parts.query or parts.fragment:
        raise WrongUsage("--url may hold no user name, query or fragment.")
    encrypted = parts.scheme == "https"
    path = parts.path.rstrip("/").removesuffix(ENDPOINT) + ENDPOINT
    return Address(encrypted, host, port or (443 if encrypted else 80), path)
