"""How the edges of a group are is counted from an index alone, without reading the edges."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("enrollment", "0014_edges_counted_and_named_from_indexes"),
    ]

    operations = [
        migrations.RemoveIndex("serviceedge", "edge_by_group"),
        migrations.AddIndex(
            "serviceedge",
            models.Index(
                fields=["group", "id", "deleted_at", "enabled", "revoked_from", "contacted"], name="edge_by_group"
            ),
        ),
    ]
