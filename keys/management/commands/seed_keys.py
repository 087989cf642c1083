"""Fill the table of keys in bulk, to look at and measure the portal at a size.

It writes without the operations, which would take hours for a million keys and store a million audit events.
"""

from __future__ import annotations

import random
from argparse import ArgumentParser
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.db import connection, transaction
from django.db.models import Max
from django.utils import timezone

from keys.crypto import keyring, sealing, tokens
from keys.models import ProvisioningKey, ServiceEdgeGroup, SigningCertificate
from keys.models.provisioning_key import token_place
from keys.operations import create_group
from portal import actors
from portal.bulk_insert import bulk_insert
from portal.database import lift_statement_timeout
from portal.sort_names import sort_name
from portal.startup import SealingCommand

CREATED_BY = "seed_keys"
# The step has no factor in common with the number of codes, so it meets each code once, in no visible order.
_LETTERS, _CODE_LENGTH, _CODE_STEP = "abcdefghijklmnopqrstuvwxyz", 5, 7_368_787
_MOST = len(_LETTERS) ** _CODE_LENGTH
CITIES = (
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
    "last_used_by", "pin",
)  # fmt: skip
_LIMITS = (1, 2, 5, 10, 25, 50, 100, 500, 1000)
_SPAN = timedelta(days=1000)


class Command(SealingCommand):
    help = (
        "Bring the table of provisioning keys to COUNT rows in one transaction, for demonstrations and benchmarks. "
        "The texts are real and sealed, but the uses have no edges, and no audit event is written. Never run it on a "
        "portal in use."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--count", type=int, required=True, help="the number of keys in all")
        parser.add_argument("--force", action="store_true", help="add to keys that this command did not make")

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
    """Add keys until there are `count`, in one transaction, and return the number of added ones."""
    lift_statement_timeout()
    with transaction.atomic():
        missing = max(0, count - ProvisioningKey.objects.count())
        if missing:
            certificate = SigningCertificate.objects.filter(sort_name=sort_name("Service Edge")).first()
            if certificate is None:
                raise CommandError('There is no certificate "Service Edge". Run apply_vendor_manifest first.')
            # Queries come before the rows, because a connection answers none during a COPY.
            mint = _Mint(certificate, _groups(count))
            # A number is never above the id of its row, so the numbers from here on are free, also after deletions.
            first = ProvisioningKey.objects.aggregate(Max("pk"))["pk__max"] or 0
            keys = (mint.row(number) for number in range(first, first + missing))
            bulk_insert(ProvisioningKey, _COLUMNS, ([key[column] for column in _COLUMNS] for key in keys))
    if missing and connection.vendor == "postgresql" and not connection.in_atomic_block:
        # Autovacuum would do it some minutes later, in the middle of a measurement.
        with connection.cursor() as cursor:
            cursor.execute(f"VACUUM ANALYZE {ProvisioningKey._meta.db_table}")
    return missing


def group_count(keys: int) -> int:
    """The number of groups for `keys` keys."""
    steps = ((1_000, 20), (50_000, 100))
    return next((groups for most, groups in steps if keys <= most), 500)


def _groups(keys: int) -> list[int]:
    """The ids of the groups for `keys` keys. The operation creates those that are missing."""
    found = list(ServiceEdgeGroup.objects.filter(created_by__startswith=CREATED_BY).values_list("pk", flat=True))
    actor = actors.for_command(CREATED_BY)
    for number in range(len(found), group_count(keys)):
        city = CITIES[number % len(CITIES)]
        group = ServiceEdgeGroup(name=f"{city} {number // len(CITIES) + 1:02}", city=city)
        create_group(group, actor=actor)
        found.append(group.pk)
    return found


class _Mint:
    """Makes the columns of one key after the other. The same arguments give the same names and numbers."""

    def __init__(self, certificate: SigningCertificate, groups: list[int]) -> None:
        self._certificate, self._groups = certificate.pk, groups
        self._ring = keyring.load(settings.KEYRING_FILE)
        self._pepper = self._ring.pepper(self._ring.active)
        self._pin = certificate.trust_anchor_sha256
        self._now = timezone.now()
        # A fixed seed, for the same names and numbers in each run; secrets come from the operating system.
        self._chance = random.Random(0)  # noqa: S311

    def row(self, number: int) -> dict[str, Any]:
        """The columns of the key with this number."""
        name = f"{self._chance.choice(CITIES)} {self._chance.choice(_PLACES)} {_code(number)}"
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
        max_uses = self._chance.choice(_LIMITS)
        # Half of the keys are unused, a twentieth is at the limit, the others are in between.
        share = max(0.0, self._chance.random() * 2 - 1)
        uses = max_uses if share > 0.9 else int(max_uses * share)
        used = created + (self._now - created) * self._chance.random() if uses else None
        return {
            "max_uses": max_uses,
            "uses": uses,
            "last_used_at": used,
            "last_used_by": f"{name}-{uses}" if uses else "",
        }

    def _token(self, *, viewable: bool) -> dict[str, Any]:
        token = tokens.mint(settings.CLOUD_DOMAIN, bytes.fromhex(self._pin))
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
            "pin": self._pin,
        }


def _code(number: int) -> str:
    """Five letters that no other number has."""
    rest, letters = number * _CODE_STEP % _MOST, ""
    for _ in range(_CODE_LENGTH):
        rest, letter = divmod(rest, len(_LETTERS))
        letters += _LETTERS[letter]
    return letters
