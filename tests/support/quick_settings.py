"""The settings of a real portal in whose tests passwords matter little: those of production with a quick hasher."""

from portal.settings import *  # noqa: F403

PASSWORD_HASHERS = ["tests.support.quick_hasher.QuickHasher"]
