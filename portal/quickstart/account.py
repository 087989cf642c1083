"""The first administrator."""

from __future__ import annotations

import secrets

from django.contrib.auth.models import User
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.db import IntegrityError, transaction

_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"


def ensure_administrator(username: str, password: str) -> str | None:
    """Create the administrator unless the account exists. Returns the password only when it was generated here.

    Of two runs at once one creates it. Without a given password a random one of 100 bits is generated; a given one is
    not validated. Raises ImproperlyConfigured for an invalid user name.
    """
    if User.objects.filter(username=username).exists():
        return None
    try:
        User(username=username).clean_fields(exclude=["password"])
    except ValidationError as refused:
        raise ImproperlyConfigured(f"PORTAL_ADMIN_USERNAME: {' '.join(refused.messages)}") from None
    generated = None if password else "-".join("".join(secrets.choice(_ALPHABET) for _ in range(5)) for _ in range(4))
    try:
        with transaction.atomic():
            User.objects.create_superuser(username=username, password=password or generated)
    except IntegrityError:
        return None
    return generated
