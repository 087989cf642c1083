"""The first administrator."""

from __future__ import annotations

import secrets

from django.contrib.auth.models import User
from django.core.exceptions import ImproperlyConfigured, ValidationError

_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"


def ensure_administrator(username: str, password: str) -> str | None:
    """Make the administrator when there is none. Returns the password only when it was made up here.

    A given password is taken as it is; without one a random one of 100 bits is made, to be printed once. Raises
    ImproperlyConfigured for a name with which nobody could sign in.
    """
    if User.objects.filter(username=username).exists():
        return None
    try:
        User(username=username).clean_fields(exclude=["password"])
    except ValidationError as refused:
        raise ImproperlyConfigured(f"PORTAL_ADMIN_USERNAME: {' '.join(refused.messages)}") from None
    made_up = None if password else "-".join("".join(secrets.choice(_ALPHABET) for _ in range(5)) for _ in range(4))
    User.objects.create_superuser(username=username, password=password or made_up)
    return made_up
