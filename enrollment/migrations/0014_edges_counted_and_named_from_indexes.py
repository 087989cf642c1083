"""Edges of a group, of a version and revoked ones are counted from an index alone, and found by name in one."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [
        ("enrollment", "0013_edges_counted_from_indexes"),
    ]

    operations = [
        migrations.RemoveIndex("serviceedge", "edge_by_name"),
        migrations.RemoveIndex("serviceedge", "edge_by_group"),
        migrations.RemoveIndex("serviceedge", "edge_by_version"),
        migrations.RemoveIndex("serviceedge", "edge_by_revocation"),
        migrations.AddIndex(
            "serviceedge",
            models.Index(fields=["sort_name", "id", "deleted_at", "enabled", "revoked_from"], name="edge_by_name"),
        ),
        migrations.AddIndex("serviceedge", models.Index(fields=["group", "id", "deleted_at"], name="edge_by_group")),
        migrations.AddIndex(
            "serviceedge", models.Index(fields=["version", "id", "deleted_at"], name="edge_by_version")
        ),
        migrations.AddIndex(
            "serviceedge",
            models.Index(
                fields=["revoked_from", "id", "deleted_at"],
                condition=Q(revoked_from__isnull=False),
                name="edge_by_revocation",
            ),
        ),
    ]
