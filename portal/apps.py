"""App configuration: what runs at start-up and around each migrate."""

from __future__ import annotations

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig
from django.db.models.signals import post_migrate, pre_migrate


class PortalConfig(AppConfig):
    name = "portal"
    verbose_name = "Site"

    def ready(self) -> None:
        from portal import checks, database, ended_sessions, roles, sign_in, triggers  # noqa: F401  # three register themselves

        pre_migrate.connect(database.lift_statement_timeout, dispatch_uid="portal.statement_timeout")
        pre_migrate.connect(triggers.drop_before_migrations, sender=self, dispatch_uid="portal.triggers")
        post_migrate.connect(triggers.create_all, dispatch_uid="portal.triggers")
        post_migrate.connect(roles.synchronize, dispatch_uid="portal.roles")


class PortalAdminConfig(AdminConfig):
    default_site = "portal.admin_site.PortalAdminSite"
