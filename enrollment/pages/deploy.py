"""How a machine becomes an edge: one line to copy for each platform, with the address of this portal.

No command holds the key. The program asks for it on the machine's terminal, so that it is in no shell history, command
line or environment. Only the user data of cloud-init has a placeholder, because nobody is there to answer.
"""

from __future__ import annotations

from shlex import quote
from typing import Any, NamedTuple
from urllib.parse import urljoin, urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse

from enrollment import downloads
from portal.client_ip import is_loopback

_VOLUME = "--volume enroll-edge:/var/lib/enroll-edge"


class Platform(NamedTuple):
    """One tab. `command` is empty when the file it needs was not built; `file` is the name of that file."""

    id: str
    name: str
    hint: str
    command: str
    file: str = ""


def portal_address(request: HttpRequest) -> str:
    """The address at which machines find the portal: PORTAL_URL, else that of the request.

    Forwarded headers are those of a trusted proxy, see `portal.middleware`.
    """
    return settings.PORTAL_URL if settings.HAS_PORTAL_URL else request.build_absolute_uri("/").rstrip("/")


def section(request: HttpRequest, **options: Any) -> str:
    """The section as HTML. `options` decide how a button gets the key's text; see the template."""
    portal = portal_address(request)
    host = urlsplit(portal).hostname or ""
    program = downloads.find(downloads.PROGRAM)
    context = {
        **options,
        "portal": portal,
        "host": host,
        "is_loopback": is_loopback(host),
        "is_in_clear": urlsplit(portal).scheme == "http" and not is_loopback(host),
        "platforms": _platforms(portal, is_local=is_loopback(host)),
        "program": program,
        "program_url": reverse("enrollment:download", args=[downloads.PROGRAM]),
    }
    return render_to_string("enrollment/_deploy.html", context)


def _platforms(portal: str, *, is_local: bool) -> list[Platform]:
    return [
        _virtual_machine(portal),
        _package(portal),
        _container(portal, is_local),
        _cloud_init(portal),
        _curl(portal),
    ]


def _virtual_machine(portal: str) -> Platform:
    return Platform(
        "vm", "Virtual machine",
        "Linux with systemd and Python 3.11, such as Debian 12 and Ubuntu 24.04. "
        "The script installs the edge's program as a service.",
        _fetched(portal, downloads.INSTALLER, f"sudo sh {downloads.INSTALLER} {quote(portal)}"),
        downloads.INSTALLER,
    )  # fmt: skip


def _package(portal: str) -> Platform:
    install, start = f"sudo apt-get install -y ./{downloads.PACKAGE}", f"sudo enroll-edge-setup {quote(portal)}"
    return Platform(
        "package", "Linux package",
        "Debian 12, Ubuntu 24.04 and newer.",
        _fetched(portal, downloads.PACKAGE, install, start),
        downloads.PACKAGE,
    )  # fmt: skip


def _container(portal: str, is_local: bool) -> Platform:
    run = f"{_VOLUME} --env PORTAL_URL={quote(portal)}{' --network host' if is_local else ''} enroll-edge"
    return Platform(
        "container", "Container",
        "Docker or Podman. The first container asks for the key and enrolls; the second keeps running with the "
        "identity in the volume.",
        _fetched(
            portal, downloads.CONTEXT,
            f"docker build --quiet --tag enroll-edge --file Containerfile - < {downloads.CONTEXT}",
            f"docker run --interactive --tty --rm {run}",
            f"docker run --detach --name enroll-edge --restart on-failure:10 {run}",
        ),
        downloads.CONTEXT,
    )  # fmt: skip


def _cloud_init(portal: str) -> Platform:
    return Platform(
        "cloud-init", "cloud-init",
        "User data of machines that enroll at their first start, when nobody is there to paste the key. Clouds keep it "
        "where the machine's programs can read it, so use a key with an early expiry and the machines' network as its "
        "allowed network.",
        _user_data(portal),
        downloads.INSTALLER,
    )  # fmt: skip


def _curl(portal: str) -> Platform:
    est = urljoin(f"{portal}/", reverse("enrollment:est-simpleenroll").lstrip("/"))
    return Platform(
        "curl", "curl + openssl",
        "Any machine, without the edge's program. curl asks for a password: it is the key. Then edge.key and edge.pem "
        "hold the identity. Nothing renews it.",
        "umask 077; openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout edge.key -subj /CN=edge"
        " -outform DER | openssl base64 -A | curl -fsS --user edge --header 'Content-Type: application/pkcs10'"
        f" --data-binary @- {quote(est)} | openssl base64 -d -A | openssl pkcs7 -inform DER -print_certs -out edge.pem",
    )  # fmt: skip


def _fetched(portal: str, name: str, *then: str, to: str = "") -> str:
    """A command that downloads a file, checks it, and goes on; empty when the file was not built."""
    found = downloads.find(name)
    if found is None:
        return ""
    url = urljoin(f"{portal}/", reverse("enrollment:download", args=[name]).lstrip("/"))
    path = f"{to}{name}"
    return " && ".join([f"curl -fsSo {path} {quote(url)}", f"echo '{found.sha256}  {path}' | sha256sum -c", *then])


def _user_data(portal: str) -> str:
    path = f"/run/{downloads.INSTALLER}"
    command = _fetched(portal, downloads.INSTALLER, f"sh {path} {quote(portal)}", to="/run/")
    return command and "\n".join(
        [
            "#cloud-config",
            "write_files:",
            "  - path: /etc/enroll-edge/provision_key",
            '    permissions: "0400"',
            "    content: |",
            "      PROVISIONING_KEY",
            "runcmd:",
            f"  - {command}",
        ]
    )
