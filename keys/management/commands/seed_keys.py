"""Fill the table of keys in bulk, to see and measure the portal at a size.

The one writer besides the operations: a million keys through those would take hours and leave a million audit events.
"""

from __future__ import annotations

import random
from argparse import ArgumentParser
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from cryptography import x509
from django.conf import settings
from django.core.management.base import CommandError
from django.db import connection, transaction
from django.db.models import Max
from django.utils import timezone

from keys.crypto import ca_certificates, keyring, sealing, tokens
from keys.models import ProvisioningKey, ServiceEdgeGroup, SigningCertificate
from keys.models.provisioning_key import token_place
from keys.operations import create_group
from keys.operations.key_minting import trust_anchor
from portal import actors
from portal.database import lift_statement_timeout
from portal.sort_names import sort_name
from portal.startup import SealingCommand

CREATED_BY = "seed_keys"
# A step that has no factor in common with the number of codes meets each code once, in no visible order.
_LETTERS, _CODE_LENGTH, _CODE_STEP = "abcdefghijklmnopqrstuvwxyz", 5, 7_368_787
_MOST = len(_LETTERS) ** _CODE_LENGTH
_CITIES = (
    "Amsterdam", "Atlanta", "Bangalore", "Berlin", "Boston", "Chicago", "Dallas", "Denver", "Dublin", "Frankfurt",
    "Geneva", "Hamburg", "Helsinki", "Houston", "London", "Lyon", "Madrid", "Miami", "Milan", "Montreal", "Munich",
    "Nairobi", "Osaka", "Oslo", "Paris", "Portland", "Prague", "Santiago", "Seattle", "Seoul", "Singapore", "Stockholm",
    "Sydney", "Tokyo", "Toronto", "Vienna", "Warsaw", "Zurich",
)  # fmt: skip
_PLACES = ("branch", "campus", "clinic", "depot", "factory", "lab", "office", "plant", "store", "warehouse")
_COLUMNS = (
    "name", "sort_name", "managed", "version", "created_at", "created_by", "modified_at", "modified_by", "public_id",
    "group_id", "signing_certificate_id", "max_uses", "uses", "viewable", "enabled", "expires_at", "allowed_networks",
    "fingerprint", "pepper_id", "sealed_token", "sealed_with", "token_head", "token_tail", "last_used_at",
    "last_used_by",
)  # fmt: skip
_SQLITE_CACHE_KIB = 512 * 1024
_LIMITS = (1, 2, 5, 10, 25, 50, 100, 500, 1000)
_SPAN = timedelta(days=1000)


class Command(SealingCommand):
    help = (
        "Bring the table of provisioning keys to COUNT rows in one transaction, for demonstrations and benchmarks. "
        "Texts and seals are real, but the uses they show have no edges behind them and no audit event tells of "
        "them. Never run it where people work."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--count", type=int, required=True, help="how many keys there shall be in all")
        parser.add_argument("--force", action="store_true", help="even beside keys that this command did not make")

    def handle(self, *args: Any, count: int, force: bool, verbosity: int, **options: Any) -> None:
        if not 0 <= count <= _MOST:
            raise CommandError(f"--count must be from 0 to {_MOST:,}.")
        if not force and ProvisioningKey.objects.exclude(created_by=CREATED_BY).exists():
            raise CommandError(
                "There are keys that this command did not make. Nothing was written; --force adds to them."
            )
        added = seed(count)
        if verbosity:
            self.stderr.write(f"{added:,} keys added.")


def seed(count: int) -> int:
    """Add what is missing to `count` keys, all or nothing, and return how many that were."""
    lift_statement_timeout()
    with transaction.atomic():
        missing = max(0, count - ProvisioningKey.objects.count())
        if missing:
            # Made before the rows: a connection in the middle of a COPY answers no query.
            mint = _Mint(_signing_certificate(), _groups(count))
            first = _first_free_number()
            _insert(mint.row(number) for number in range(first, first + missing))
    if missing:
        _tidy()
    return missing


def _tidy() -> None:
    """What autovacuum would do some minutes later, in the middle of what is looked at."""
    if connection.vendor == "postgresql" and not connection.in_atomic_block:
        with connection.cursor() as cursor:
            cursor.execute(f"VACUUM ANALYZE {ProvisioningKey._meta.db_table}")


def _first_free_number() -> int:
    """Row ids outrun the numbers, so a number from here on has no key, also after some were deleted."""
    return ProvisioningKey.objects.aggregate(Max("pk"))["pk__max"] or 0


def group_count(keys: int) -> int:
    """How many groups an organization with so many keys has."""
    steps = ((1_000, 20), (50_000, 100))
    return next((groups for most, groups in steps if keys <= most), 500)


def _groups(keys: int) -> list[int]:
    """The ids of as many groups of ours as `keys` keys deserve; what is missing is made by the operation."""
    found = list(ServiceEdgeGroup.objects.filter(created_by__startswith=CREATED_BY).values_list("pk", flat=True))
    actor = actors.for_command(CREATED_BY)
    for number in range(len(found), group_count(keys)):
        city = _CITIES[number % len(_CITIES)]
        group = ServiceEdgeGroup(name=f"{city} {number // len(_CITIES) + 1:02}", city=city)
        create_group(group, actor=actor)
        found.append(group.pk)
    return found


def _signing_certificate() -> SigningCertificate:
    certificate = SigningCertificate.objects.filter(sort_name=sort_name("Service Edge")).first()
    if certificate is None:
        raise CommandError('There is no certificate "Service Edge". Run apply_vendor_manifest first.')
    return certificate


class _Mint:
    """Makes the columns of one key after the other; the same facts, the same names and numbers."""

    def __init__(self, certificate: SigningCertificate, groups: list[int]) -> None:
        self._certificate, self._groups = certificate.pk, groups
        self._ring = keyring.load(settings.KEYRING_FILE)
        self._pepper = self._ring.pepper(self._ring.active)
        root = x509.load_der_x509_certificate(bytes(trust_anchor(certificate).der))
        self._pin = ca_certificates.spki_sha256(root)
        self._now = timezone.now()
        # Names and numbers repeat from run to run; secrets come from the operating system.
        self._chance = random.Random(0)  # noqa: S311

    def row(self, number: int) -> dict[str, Any]:
        """The key with this number."""
        name = f"{self._chance.choice(_CITIES)} {self._chance.choice(_PLACES)} {_code(number)}"
        created = self._now - self._chance.random() * _SPAN
        return {
            "name": name,
            "sort_name": sort_name(name),
            "managed": False,
            "version": 1,
            "created_at": created,
            "created_by": CREATED_BY,
            "modified_at": created,
            "modified_by": CREATED_BY,
            "group_id": self._chance.choice(self._groups),
            "signing_certificate_id": self._certificate,
            "enabled": self._chance.random() < 0.97,
            "expires_at": self._now + _SPAN * self._chance.random() if self._chance.random() < 0.1 else None,
            "allowed_networks": '["192.0.2.0/24"]' if self._chance.random() < 0.05 else "[]",
            **self._use(name, created),
            **self._token(viewable=self._chance.random() < 0.9),
        }

    def _use(self, name: str, created: datetime) -> dict[str, Any]:
        most = self._chance.choice(_LIMITS)
        # Half are unused, a twentieth is used up, the others lie in between.
        share = max(0.0, self._chance.random() * 2 - 1)
        uses = most if share > 0.9 else int(most * share)
        used = created + (self._now - created) * self._chance.random() if uses else None
        return {
            "max_uses": most,
            "uses": uses,
            "last_used_at": used,
            "last_used_by": f"{name}-{uses}" if uses else "",
        }

    def _token(self, *, viewable: bool) -> dict[str, Any]:
        token = tokens.mint(settings.CLOUD_DOMAIN, self._pin)
        public_id, ring = token.public_id.hex(), self._ring
        head, tail = tokens.abbreviate(token.text)
        place = token_place(public_id)
        return {
            "public_id": public_id,
            "viewable": viewable,
            "fingerprint": tokens.fingerprint(token, self._pepper),
            "pepper_id": ring.active,
            "sealed_token": sealing.seal(token.text.encode(), place, ring) if viewable else None,
            "sealed_with": ring.active if viewable else None,
            "token_head": head,
            "token_tail": tail,
        }


def _code(number: int) -> str:
    rest, letters = number * _CODE_STEP % _MOST, ""
    for _ in range(_CODE_LENGTH):
        rest, letter = divmod(rest, len(_LETTERS))
        letters += _LETTERS[letter]
    return letters


def _insert(keys: Iterator[dict[str, Any]]) -> None:
    rows = ([key[column] for column in _COLUMNS] for key in keys)
    table, columns = ProvisioningKey._meta.db_table, ", ".join(_COLUMNS)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
            return
        # The indexes of a million keys do not fit the default 2 MiB, and every page that does not is written twice.
        cursor.execute(f"PRAGMA cache_size = -{_SQLITE_CACHE_KIB}")
        marks = ", ".join(["%s"] * len(_COLUMNS))
        adapted = ([_for_sqlite(value) for value in row] for row in rows)
        statement = f"INSERT INTO {table} ({columns}) VALUES ({marks})"
        cursor.executemany(statement, adapted)  # type: ignore[arg-type]  # sqlite3 takes any iterable


def _for_sqlite(value: Any) -> Any:
    return connection.ops.adapt_datetimefield_value(value) if isinstance(value, datetime) else value
