"""What administrators configure: provisioning keys, Service Edge groups, signing certificates."""

from __future__ import annotations

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class KeysConfig(AppConfig):
    name = "keys"
    verbose_name = "Provisioning"

    def ready(self) -> None:
        from keys import checks, name_search  # noqa: F401  # one is imported for what it registers

        post_migrate.connect(name_search.create, sender=self, dispatch_uid="keys.name_search")
