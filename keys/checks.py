"""Start-up and readiness checks of the keyring. Ids are stable."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Info, Tags, register
from django.core.checks import Warning as Caution
from django.db import connection

from keys import keyring_in_use, name_search
from keys.crypto import keyring, tokens
from keys.models import ProvisioningKey, SigningCertificate
from keys.operations.key_minting import open_token
from keys.operations.signing_certificates import private_key_of
from portal import first_names

HINT = "Restore the keyring file of this portal from its backup. Its path is PORTAL_KEYRING_FILE."


@register(Tags.security)
def check_keyring(app_configs: Any, databases: Any = None, **_: Any) -> list[CheckMessage]:
    """The keyring file exists and is valid, and only its owner can read it."""
    path = settings.KEYRING_FILE
    try:
        keyring.load(path)
    except keyring.KeyringError as error:
        used = keyring_in_use.ids_in_use() if databases else []
        needed = f" Rows of the database are sealed with {_listed(used)} of it." if used else ""
        return [Error(f"{path}: {error}{needed}", hint=HINT, id="keys.E001")]
    if not keyring.is_private(path):
        return [Error(f"Others can read the keyring file {path}.", hint="chmod 400 the file.", id="keys.E002")]
    return []


def _listed(ids: list[str]) -> str:
    return f"key{'s' if len(ids) > 1 else ''} {', '.join(repr(key_id) for key_id in ids)}"


@register(Tags.compatibility)
def check_cloud_domains(app_configs: Any, **_: Any) -> list[CheckMessage]:
    """Each cloud domain may be part of a key text. With any other, no key can be made or read."""
    return [
        Error(
            f"{domain!r} cannot be part of a key text.", hint="Write it in lower case, without a port.", id="keys.E004"
        )
        for domain in (settings.CLOUD_DOMAIN, *settings.CLOUD_DOMAIN_ALIASES)
        if not tokens.may_name(domain)
    ]


@register(Tags.database)
def check_keyring_is_complete(app_configs: Any, databases: Any = None, **_: Any) -> list[CheckMessage]:
    """The keyring holds each key that rows are sealed with, and these keys open the rows."""
    if not databases:
        return []
    try:
        ring = keyring.load(settings.KEYRING_FILE)
    except keyring.KeyringError:
        return []
    lacking, foreign = keyring_in_use.unopened(ring)
    found = []
    if lacking:
        found.append(f"The keyring {settings.KEYRING_FILE} lacks {_listed(lacking)}, with which rows are sealed.")
    if foreign:
        found.append(f"The keyring {settings.KEYRING_FILE} is another one: its {_listed(foreign)} opens no sealed row.")
    return [Error(text, hint=HINT, id="keys.E003") for text in found]


@register(Tags.database)
def check_name_search(app_configs: Any, databases: Any = None, **_: Any) -> list[CheckMessage]:
    """Report when a search for a part of a name reads the names of all keys or all edges."""
    if not databases or ProvisioningKey._meta.db_table not in connection.introspection.table_names():
        return []
    if connection.vendor != "postgresql":
        first = f"Searching keys and edges by a part of their name reads the first {first_names.MOST:,} names."
        return [Info(first, hint="The page can search all names. PostgreSQL has an index for it.", id="keys.I006")]
    if name_search.is_ready():
        return []
    hint = "Let an administrator of PostgreSQL run CREATE EXTENSION pg_trgm, then migrate."
    message = "Searching keys and edges by a part of their name reads every name."
    return [Caution(message, hint=hint, id="keys.W005")]


def keyring_opens_what_is_sealed() -> bool:
    """Unseal one CA key and one key text, for /readyz. Raises KeyringError or SealBroken."""
    keyring.load(settings.KEYRING_FILE)
    certificate = SigningCertificate.objects.exclude(sealed_private_key=None).first()
    if certificate is not None:
        private_key_of(certificate)
    key = ProvisioningKey.objects.filter(viewable=True).order_by("-id").first()
    if key is not None:
        open_token(key)
    return True
