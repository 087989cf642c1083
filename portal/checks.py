"""System checks: errors in settings stop the start, warnings inform the operator. Ids are stable."""

from __future__ import annotations

import ipaddress
import re
import sqlite3
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Info, Tags, register
from django.core.checks import Warning as Caution
from django.db import DatabaseError, connection

from portal import client_certificate, triggers
from portal.client_ip import UNIX_SOCKET
from portal.database import sqlite_journal_mode

E001 = Error("PORTAL_SECRET_KEY is shorter than 50 characters.", hint="Generate a long random one.", id="portal.E001")
E002 = Error(
    "PORTAL_ALLOWED_HOSTS admits every host.", hint="List the host names the portal is reached by.", id="portal.E002"
)
W003 = Caution("Triggers are missing.", hint="Run `manage.py migrate`; it creates them again.", id="portal.W003")
W004 = Caution(
    "The portal answers over plain http.",
    hint="Put a TLS proxy in front and unset PORTAL_PLAIN_HTTP; cookies and keys travel in clear.",
    id="portal.W004",
)
STRONGSWAN_DOMAIN_LIMIT = 42
LONGEST_ORGANIZATION = 64
W013 = Caution(
    "Through this pooler PostgreSQL runs without:",
    hint="Set them for the role: docs/database.md has the lines.",
    id="portal.W013",
)


@register(Tags.security)
def check_secrets(app_configs: Any, **_: Any) -> list[CheckMessage]:
    """The secret key is long enough, and PORTAL_ALLOWED_HOSTS does not admit every host."""
    found: list[CheckMessage] = []
    if len(settings.SECRET_KEY) < 50:
        found.append(E001)
    if "*" in settings.ALLOWED_HOSTS:
        found.append(E002)
    return found


@register(Tags.security, deploy=True)
def check_transport(app_configs: Any, **_: Any) -> list[CheckMessage]:
    """A deployment uses https."""
    return [W004] if settings.PLAIN_HTTP else []


@register(Tags.security)
def check_trusted_proxies(app_configs: Any, **_: Any) -> list[CheckMessage]:
    """Each entry of TRUSTED_PROXIES is an address, a network or `unix`."""
    return [
        Error(
            f"TRUSTED_PROXIES holds {proxy!r}, which is neither an address, a network nor 'unix'.",
            hint="Write for example TRUSTED_PROXIES=127.0.0.1,unix",
            id="portal.E005",
        )
        for proxy in settings.TRUSTED_PROXIES
        if proxy != UNIX_SOCKET and not _is_network(proxy)
    ]


@register(Tags.security)
def check_client_certificate_header(app_configs: Any, **_: Any) -> list[CheckMessage]:
    """CLIENT_CERT_HEADER is a valid header name without another meaning."""
    if client_certificate.is_usable(settings.CLIENT_CERT_HEADER):
        return []
    hint = "Name the header in which the proxy passes client certificates, X-Client-Cert for example, or none."
    return [Error("CLIENT_CERT_HEADER cannot be used as the name of a header.", hint=hint, id="portal.E012")]


@register(Tags.security)
def check_addresses(app_configs: Any, **_: Any) -> list[CheckMessage]:
    """PORTAL_URL and PKI_URL are plain addresses: pages print them, and certificates contain PKI_URL."""
    found: list[CheckMessage] = []
    if not _is_address(settings.PORTAL_URL, "https?"):
        hint = "Write for example PORTAL_URL=https://portal.example.com"
        found.append(Error(f"PORTAL_URL must be an http or https {_ADDRESS_ONLY}.", hint=hint, id="portal.E013"))
    elif not _is_address(settings.PKI_URL, "http"):
        hint = "Write for example PKI_URL=http://portal.example.com: https would have to verify a certificate first."
        found.append(Error(f"PKI_URL must be an http {_ADDRESS_ONLY}.", hint=hint, id="portal.E014"))
    return found


_ADDRESS_ONLY = "address of host, port and path alone, without user, query and fragment"
_HOST = r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])"


def _is_address(text: str, scheme: str) -> bool:
    if not re.fullmatch(rf"{scheme}://{_HOST}(?::[0-9]{{1,5}})?(?:/[A-Za-z0-9._~/-]*)?", text):
        return False
    try:
        return urlsplit(text).port != 0
    except ValueError:
        return False


@register(Tags.security, deploy=True)
def check_pki_port(app_configs: Any, **_: Any) -> list[CheckMessage]:
    """When PORTAL_URL is https with a port, PKI_URL names another port: that one does not answer http."""
    portal, pki = urlsplit(settings.PORTAL_URL), urlsplit(settings.PKI_URL)
    if portal.scheme != "https" or ":" not in portal.netloc.rpartition("]")[2] or portal.netloc != pki.netloc:
        return []
    hint = "Set PKI_URL to where /pki/ answers over plain http, for example PKI_URL=http://portal.example.com"
    return [Caution("PKI_URL names the port of PORTAL_URL, which speaks https.", hint=hint, id="portal.W015")]


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return True


@register(Tags.compatibility)
def check_cloud_domain(app_configs: Any, **_: Any) -> list[CheckMessage]:
    """CLOUD_DOMAIN is short enough for strongSwan's EST client, which truncates `user:key` at 174 characters."""
    if len(settings.CLOUD_DOMAIN) <= STRONGSWAN_DOMAIN_LIMIT:
        return []
    hint = f"Use {STRONGSWAN_DOMAIN_LIMIT} characters or fewer, or enroll with the JSON endpoint."
    return [Caution("CLOUD_DOMAIN is too long for strongSwan's EST client.", hint=hint, id="portal.W006")]


@register(Tags.compatibility)
def check_customer_id(app_configs: Any, **_: Any) -> list[CheckMessage]:
    """CUSTOMER_ID fits the organization of a certificate, which has at most 64 characters (X.520)."""
    if 1 <= len(settings.CUSTOMER_ID) <= LONGEST_ORGANIZATION:
        return []
    return [Error("CUSTOMER_ID is longer than 64 characters.", hint="Shorten it.", id="portal.E008")]


@register(Tags.database)
def check_triggers(app_configs: Any, databases: Any = None, **_: Any) -> list[CheckMessage]:
    """Every trigger exists, unless the tables do not exist yet."""
    if not databases:
        return []
    try:
        if "portal_auditevent" not in connection.introspection.table_names():
            return []
        names = triggers.missing()
    except DatabaseError:
        return []
    return [Caution(f"{W003.msg} {', '.join(names)}", hint=W003.hint, id=W003.id)] if names else []


@register(Tags.database)
def check_limits_behind_a_pooler(app_configs: Any, databases: Any = None, **_: Any) -> list[CheckMessage]:
    """Behind a pooler, which drops session settings, the database role has the timeouts and synchronous_commit."""
    if not databases or connection.vendor != "postgresql":
        return []
    names = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "synchronous_commit")
    try:
        with connection.cursor() as cursor:
            if not connection.is_pooled:  # type: ignore[attr-defined]  # ours, see portal/postgresql
                return []
            cursor.execute(f"SELECT {', '.join(f'current_setting({name!r})' for name in names)}")
            lacking = [name for name, value in zip(names, cursor.fetchone(), strict=True) if value in {"0", "off"}]
    except DatabaseError:
        return []
    return [Caution(f"{W013.msg} {', '.join(lacking)}", hint=W013.hint, id=W013.id)] if lacking else []


@register(Tags.database)
def check_sqlite_journal(app_configs: Any, databases: Any = None, **_: Any) -> list[CheckMessage]:
    """Inform when this SQLite does not run in WAL mode, and why."""
    mode = sqlite_journal_mode()
    if not databases or connection.vendor != "sqlite" or mode == "WAL":
        return []
    hint = "SQLite before 3.51.3 may corrupt a WAL database with several writers. PostgreSQL serves more than one host."
    return [Info(f"SQLite {sqlite3.sqlite_version} runs with journal_mode={mode}.", hint=hint, id="portal.I007")]
