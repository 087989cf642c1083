"""The portal's settings with two addresses to compare with: a view that does nothing and one that only signs."""

from portal.settings import *  # noqa: F403

ROOT_URLCONF = "tests.bench.urls"
