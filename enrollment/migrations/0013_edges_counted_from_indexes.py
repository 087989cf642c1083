"""Edges are counted by connection, expiry and status from an index alone, without reading their rows."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [
        ("enrollment", "0012_edges_revoked_from"),
    ]

    operations = [
        migrations.RemoveIndex("serviceedge", "edge_by_contact"),
        migrations.RemoveIndex("serviceedge", "edge_by_expiry"),
        migrations.RemoveIndex("serviceedge", "edge_disabled"),
        migrations.AddIndex(
            "serviceedge",
            models.Index(fields=["contacted", "id", "deleted_at", "enabled", "revoked_from"], name="edge_by_contact"),
        ),
        migrations.AddIndex(
            "serviceedge",
            models.Index(fields=["certificate_until", "id", "deleted_at"], name="edge_by_expiry"),
        ),
        migrations.AddIndex(
            "serviceedge",
            models.Index(
                fields=["id", "enabled", "deleted_at", "revoked_from"],
                condition=Q(enabled=False, deleted_at=None),
                name="edge_disabled",
            ),
        ),
    ]
