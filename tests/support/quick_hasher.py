"""The portal's hasher of passwords with the least memory that Argon2 takes: what is tested is what surrounds a hash."""

from __future__ import annotations

from portal.password_hashing import BoundedArgon2PasswordHasher


class QuickHasher(BoundedArgon2PasswordHasher):
    """Takes its turn as in production, for microseconds."""

    memory_cost = 8  # KiB
