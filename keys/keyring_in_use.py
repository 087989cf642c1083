"""Which keys of the keyring the rows of the database need, and whether a given keyring opens them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from django.db import connection

from keys.crypto import sealing
from keys.crypto.keyring import Keyring, KeyringError
from keys.crypto.sealing import Place, SealBroken
from keys.models import ProvisioningKey, SigningCertificate
from keys.models.provisioning_key import token_place
from keys.models.signing_certificate import private_key_place

# A keyring counts as wrong when it opens none of several rows: a single row may be damaged.
_SAMPLE = 5


def ids_in_use() -> list[str]:
    """The keyring ids of sealed certificates, sealed keys and peppers. Empty before the first migrate."""
    if ProvisioningKey._meta.db_table not in connection.introspection.table_names():
        return []
    certificates = SigningCertificate.objects.values_list("sealed_with", flat=True).distinct()
    return sorted({*filter(None, certificates), *_distinct("sealed_with"), *_distinct("pepper_id")})


def _distinct(column: str) -> Iterator[str]:
    # Steps through the index, because DISTINCT reads a million rows to find one id.
    value = ""
    while True:
        larger = ProvisioningKey.objects.filter(**{f"{column}__gt": value}).order_by(column)
        following = larger.values_list(column, flat=True).first()
        if following is None:
            return
        yield following
        value = following


def unopened(ring: Keyring) -> tuple[list[str], list[str]]:
    """The ids in use that `ring` lacks, and those for which it holds a key that does not open the rows."""
    used = ids_in_use()
    lacking = [key_id for key_id in used if key_id not in ring.keys]
    foreign = [key_id for key_id in used if key_id in ring.keys and _opens_nothing(key_id, ring)]
    return lacking, foreign


def _opens_nothing(key_id: str, ring: Keyring) -> bool:
    sealed = list(islice(_sealed_with(key_id), _SAMPLE))
    return bool(sealed) and not any(_opens(record, place, ring) for record, place in sealed)


def _sealed_with(key_id: str) -> Iterator[tuple[bytes, Place]]:
    certificates = SigningCertificate.objects.filter(sealed_with=key_id)
    for sealed, row in certificates.values_list("sealed_private_key", "public_id")[:_SAMPLE]:
        yield bytes(sealed or b""), private_key_place(row)
    keys = ProvisioningKey.objects.filter(sealed_with=key_id)
    for token, public_id in keys.values_list("sealed_token", "public_id")[:_SAMPLE]:
        yield bytes(token or b""), token_place(public_id)


def _opens(record: bytes, place: Place, ring: Keyring) -> bool:
    try:
        sealing.unseal(record, place, ring)
    except (SealBroken, KeyringError):
        return False
    return True
