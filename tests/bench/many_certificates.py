"""Signing certificates for the page benchmark, without their operations: forty, whatever the number of keys.

An organization has a handful; forty fill a page of 25 and need a second one.
"""

from __future__ import annotations

import random
import uuid
from datetime import timedelta

from django.db import connection
from django.utils import timezone

from keys.models import ProvisioningKey, SigningCertificate
from portal.sort_names import sort_name

COUNT = 40
# Of the keys, those whose certificate is not the vendor's: so many that of 10,000 each state fills a page.
_SHARE = 0.5


def add() -> None:
    """Add copies of the vendor's certificate; their private keys cannot be used, which no list notices."""
    chance, now = random.Random(3), timezone.now()
    model = SigningCertificate.objects.get(name="Service Edge")
    copies = []
    for number in range(COUNT - SigningCertificate.objects.count()):
        copy = SigningCertificate.objects.get(pk=model.pk)
        copy.pk, copy.public_id, copy.managed = None, uuid.UUID(int=chance.getrandbits(128), version=4), False
        copy.name = f"Region {number + 1:02}"
        copy.sort_name = sort_name(copy.name)
        copy.serial, copy.fingerprint = f"{chance.getrandbits(128):x}", f"{chance.getrandbits(256):064x}"
        copies.append(copy)
    copies[1].enabled = False
    copies[2].not_after = now - timedelta(days=1)
    copies[3].trust_anchor_sha256 = "0" * 64
    SigningCertificate.objects.bulk_create(copies)


def spread() -> None:
    """Give keys to the copies, so many that each state that follows from a certificate has some."""
    copies = list(SigningCertificate.objects.filter(managed=False).order_by("pk").values_list("pk", flat=True))
    table, every = ProvisioningKey._meta.db_table, round(len(copies) / _SHARE)
    with connection.cursor() as cursor:
        # The ids of the copies follow one another.
        cursor.execute(
            f"UPDATE {table} SET signing_certificate_id = %s + id %% %s WHERE id %% %s < %s",
            [copies[0], every, every, len(copies)],
        )
