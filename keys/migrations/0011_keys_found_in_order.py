"""Keys are counted by each state from an index alone, and found in one in the order of the page."""

from typing import Any

from django.db import migrations, models
from django.db.models import Q

from portal.index_conditions import IsNot


class AddIndexOnSQLite(migrations.AddIndex):
    """An index that PostgreSQL, which finds a page without it, need not write."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        if schema_editor.connection.vendor == "sqlite":
            super().database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        if schema_editor.connection.vendor == "sqlite":
            super().database_backwards(app_label, schema_editor, from_state, to_state)


class Migration(migrations.Migration):
    dependencies = [("keys", "0010_keys_counted_by_state")]

    operations = [
        migrations.RemoveIndex("provisioningkey", "key_by_use_state"),
        migrations.RemoveIndex("provisioningkey", "key_disabled_by_name"),
        migrations.RemoveIndex("provisioningkey", "key_by_expiry"),
        migrations.AddIndex(
            "provisioningkey",
            models.Index(
                fields=["use_state", "sort_name", "enabled", "group", "expires_at", "signing_certificate", "pin"],
                name="key_by_use_state",
            ),
        ),
        migrations.AddIndex(
            "provisioningkey",
            models.Index(fields=["sort_name", "enabled"], condition=Q(enabled=False), name="key_disabled_by_name"),
        ),
        migrations.AddIndex(
            "provisioningkey",
            models.Index(fields=["sort_name", "viewable"], condition=Q(viewable=False), name="key_hidden_by_name"),
        ),
        migrations.AddIndex(
            "provisioningkey",
            models.Index(
                fields=["expires_at", "enabled", "group"],
                condition=Q(expires_at__isnull=False),
                name="key_by_expiry",
            ),
        ),
        AddIndexOnSQLite(
            "provisioningkey",
            models.Index(
                fields=[
                    "sort_name",
                    "enabled",
                    "group",
                    "expires_at",
                    "use_state",
                    "signing_certificate",
                    "pin",
                    "viewable",
                    "managed",
                    "created_at",
                ],
                condition=Q(IsNot("sort_name", value="")),
                name="key_in_order",
            ),
        ),
    ]
