"""Who does something, as operations and the audit log see it."""

from __future__ import annotations

import functools
import getpass
from dataclasses import dataclass

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.urls import reverse

from portal.client_ip import client_ip


@dataclass(frozen=True, slots=True)
class Actor:
    """The caller of an operation. `interface` is portal, support, enrollment, api or command."""

    kind: str
    name: str
    interface: str
    id: str = ""
    client_ip: str | None = None
    request_id: str = ""


@functools.cache
def _support_pages() -> str:
    # Every request asks, and `reverse` takes 60 µs.
    return reverse("admin:index")


def interface_of(request: HttpRequest) -> str:
    """`support` on the support pages, and `portal` elsewhere."""
    return "support" if request.path.startswith(_support_pages()) else "portal"


def from_request(request: HttpRequest, user: AbstractBaseUser | AnonymousUser | None = None) -> Actor:
    """The signed-in user; the interface is `support` under /admin/ and `portal` elsewhere.

    Pass `user` during sign-in and sign-out, when `request.user` is not that user.
    """
    user = user or request.user
    return Actor(
        kind="user" if user.is_authenticated else "stranger",
        name=user.get_username(),
        id=str(user.pk or ""),
        interface=interface_of(request),
        client_ip=client_ip(request),
        request_id=getattr(request, "request_id", ""),
    )


def for_command(command: str) -> Actor:
    """The account of this machine that runs a management command."""
    try:
        account = getpass.getuser()
    except (KeyError, OSError):
        account = "unknown"
    return Actor(kind="command", name=f"{command} ({account})", interface="command")
