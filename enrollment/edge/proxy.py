"""Choosing the HTTP proxy on the way to a portal, and opening a tunnel through it (CONNECT, RFC 9110 §9.3.6).

TLS runs through the tunnel and is verified as without a proxy. The proxy sees the address of the portal, but neither
the provisioning key nor an answer.
"""

from __future__ import annotations

import base64
import http.client
import ipaddress
import socket
import urllib.request
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes, urlsplit

from enrollment.edge.outcomes import Stop, TryLater, WrongUsage
from enrollment.edge.portal_url import Address

_VARIABLE = "HTTPS_PROXY"


@dataclass(frozen=True, slots=True)
class Proxy:
    """An HTTP proxy. `authorization` is the value of Proxy-Authorization, which is never printed."""

    host: str
    port: int
    authorization: str = field(default="", repr=False)

    def __str__(self) -> str:
        return f"the proxy [{self.host}]:{self.port}" if ":" in self.host else f"the proxy {self.host}:{self.port}"

    @property
    def headers(self) -> dict[str, str]:
        """The headers that only the proxy gets."""
        return {"Proxy-Authorization": self.authorization} if self.authorization else {}


def choose_proxy(address: Address, given: str | None, *, insecure_http: bool) -> Proxy | None:
    """The proxy that --proxy names in `given` ("" for none). Without it, HTTPS_PROXY, for https alone.

    Raises WrongUsage for what is not a proxy's address. Raises it also for a proxy before a portal with http, because
    the proxy would read the key, unless `insecure_http`.
    """
    if given is None:
        variables = urllib.request.getproxies_environment()
        named = variables.get("https", "")
        return _parse(named, _VARIABLE) if address.encrypted and named and not _is_exempt(address, variables) else None
    if given and not address.encrypted and not insecure_http:
        raise WrongUsage(
            "Over http the provisioning key would reach the proxy in clear text. "
            "Use https, or --insecure-http on a network you trust."
        )
    return _parse(given, "--proxy") if given else None


def _is_exempt(address: Address, variables: dict[str, str]) -> bool:
    """Whether NO_PROXY names the host, a domain above it, or, for an address, its network."""
    entries = [each.strip() for each in variables.get("no", "").split(",")]
    # Go and browsers write *.example.com; the library knows only .example.com.
    names = ",".join(each[1:] if each.startswith("*.") else each for each in entries)
    by_name = urllib.request.proxy_bypass_environment  # type: ignore[attr-defined]  # documented nowhere but in pydoc
    if by_name(address.authority, {"no": names}):
        return True
    for entry in entries:
        try:
            if ipaddress.ip_address(address.host) in ipaddress.ip_network(entry.strip("[]"), strict=False):
                return True
        except ValueError:
            continue
    return False


def _parse(text: str, source: str) -> Proxy:
    """Parse a proxy's address. Raises WrongUsage, without the text: it may hold a password."""
    try:
        parts = urlsplit(text if "://" in text else f"http://{text}")
        host, port = parts.hostname or "", parts.port or 3128
        host.encode("idna")
    except ValueError:
        host, port = "", 0
    if not host or not text.isascii() or not text.isprintable() or " " in text or parts.path.strip("/") or parts.query:
        raise WrongUsage(f"{source} is not the address of a proxy. It looks like http://proxy.example.com:3128")
    if parts.scheme != "http":
        raise WrongUsage(f"{source} must be an HTTP proxy, http://HOST:PORT; no other type is supported.")
    if parts.username is None:
        return Proxy(host, port)
    user, password = unquote_to_bytes(parts.username), unquote_to_bytes(parts.password or "")
    return Proxy(host, port, "Basic " + base64.b64encode(user + b":" + password).decode())


def open_tunnel(connected: socket.socket, proxy: Proxy, address: Address) -> None:
    """Ask the proxy for a connection to the portal.

    Raises Stop or TryLater when the proxy refuses, and OSError or HTTPException when its answer breaks off.
    """
    target = address.authority
    lines = [f"CONNECT {target} HTTP/1.1", f"Host: {target}"]
    lines += [f"{name}: {value}" for name, value in proxy.headers.items()]
    connected.sendall("\r\n".join([*lines, "", ""]).encode())
    response = http.client.HTTPResponse(connected, method="CONNECT")
    try:
        response.begin()
    finally:
        response.close()
    if 200 <= response.status < 300:
        return
    refused = f"T{str(proxy)[1:]} does not connect to {target} (HTTP {response.status})."
    if response.status == 407:
        raise Stop(f"{refused} It asks for a user name and password: http://USER:PASSWORD@HOST:PORT", waited_out=True)
    if response.status in {408, 429} or response.status >= 500:
        raise TryLater(refused)
    raise Stop(f"{refused} Ask the administrator of the proxy, or name the portal in NO_PROXY.", waited_out=True)
