"""The way to a portal through an HTTP proxy: which proxy, and the tunnel that it is asked for (RFC 9110 §9.3.6).

Through the tunnel TLS is spoken with the portal itself and verified as without a proxy: the proxy sees where the
connection leads, and neither the provisioning key nor an answer.
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
        """What goes to the proxy alone."""
        return {"Proxy-Authorization": self.authorization} if self.authorization else {}


def choose_proxy(address: Address, given: str | None, *, insecure_http: bool) -> Proxy | None:
    """The proxy to use: `given` as --proxy ("" for none), else for https what the environment names.

    Raises WrongUsage, also for a proxy before an http portal, which would read the key, unless `insecure_http`.
    """
    if given is None:
        return _from_environment(address) if address.encrypted else None
    if given and not address.encrypted and not insecure_http:
        raise WrongUsage(
            "Over http the provisioning key would reach the proxy in clear text. "
            "Use https, or --insecure-http on a network you trust."
        )
    return _parse(given, "--proxy") if given else None


def _from_environment(address: Address) -> Proxy | None:
    variables = urllib.request.getproxies_environment()
    named = variables.get("https", "")
    return None if not named or _is_exempt(address, variables) else _parse(named, _VARIABLE)


def _is_exempt(address: Address, variables: dict[str, str]) -> bool:
    """Whether NO_PROXY names the host, a domain above it, or, for an address, its network."""
    entries = [each.strip() for each in variables.get("no", "").split(",")]
    # What Go and browsers write as *.example.com is .example.com to the library.
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
    """Raises WrongUsage, which does not repeat the text: it may hold a password."""
    try:
        parts = urlsplit(text if "://" in text else f"http://{text}")
        host, port = parts.hostname or "", parts.port or 3128
        host.encode("idna")
    except ValueError:
        host, port = "", 0
    if not host or not text.isascii() or not text.isprintable() or " " in text or parts.path.strip("/") or parts.query:
        raise WrongUsage(f"{source} is not the address of a proxy. It looks like http://proxy.example.com:3128")
    if parts.scheme != "http":
        raise WrongUsage(f"{source} must be an HTTP proxy, http://HOST:PORT; other kinds are not supported.")
    if parts.username is None:
        return Proxy(host, port)
    user, password = unquote_to_bytes(parts.username), unquote_to_bytes(parts.password or "")
    return Proxy(host, port, "Basic " + base64.b64encode(user + b":" + password).decode())


def open_tunnel(connected: socket.socket, proxy: Proxy, address: Address) -> None:
    """Ask the proxy for a connection to the portal. Raises Stop or TryLater when it refuses, OSError, HTTPException."""
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
    raise Stop(f"{refused} Ask who keeps the proxy, or except the portal with NO_PROXY.", waited_out=True)
