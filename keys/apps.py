"""What administrators configure: provisioning keys, Service Edge groups, signing certificates."""

from __future__ import annotations

from django.apps import AppConfig


class KeysConfig(AppConfig):
    name = "keys"
    verbose_name = "Provisioning"

    def ready(self) -> None:
        from keys import checks  # noqa: F401  # imported for what it registers
