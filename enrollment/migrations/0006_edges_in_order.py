"""Columns and indexes by which the list of edges is sorted: name, group, key, contact, version."""

import datetime

from django.db import migrations, models
from django.db.models.functions import Coalesce

import keys.names
from portal.sort_names import sort_name

BATCH = 2000


def fill_sort_names(apps, schema_editor):
    """In Python, because the database cannot casefold as sort names do."""
    edges = apps.get_model("enrollment", "ServiceEdge").objects
    batch = []
    for edge in edges.only("name", "key_name").order_by("pk").iterator(BATCH):
        edge.sort_name, edge.key_sort_name = sort_name(edge.name), sort_name(edge.key_name)
        batch.append(edge)
        if len(batch) == BATCH:
            edges.bulk_update(batch, ["sort_name", "key_sort_name"], batch_size=200)
            batch = []
    edges.bulk_update(batch, ["sort_name", "key_sort_name"], batch_size=200)


class Migration(migrations.Migration):
    dependencies = [
        ("enrollment", "0005_renewals_replaced"),
        ("keys", "0001_initial"),
    ]

    operations = [
        migrations.AddField("serviceedge", "sort_name", keys.names.SortNameField(default=""), preserve_default=False),
        migrations.AddField(
            "serviceedge", "key_sort_name", keys.names.SortNameField(default=""), preserve_default=False
        ),
        migrations.RunPython(fill_sort_names, migrations.RunPython.noop),
        migrations.AddField(
            "serviceedge",
            "contacted",
            models.GeneratedField(
                expression=Coalesce(
                    models.F("last_contact_at"), models.Value(datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC))
                ),
                output_field=models.DateTimeField(),
                db_persist=True,
            ),
        ),
        migrations.RemoveIndex("serviceedge", "edge_by_name"),
        migrations.AlterField(
            "serviceedge",
            "group",
            models.ForeignKey("keys.serviceedgegroup", models.PROTECT, db_index=False, related_name="edges"),
        ),
        migrations.AddIndex("serviceedge", models.Index(fields=["sort_name", "id"], name="edge_by_name")),
        migrations.AddIndex("serviceedge", models.Index(fields=["group", "id"], name="edge_by_group")),
        migrations.AddIndex("serviceedge", models.Index(fields=["key_sort_name", "id"], name="edge_by_key")),
        migrations.AddIndex("serviceedge", models.Index(fields=["contacted", "id"], name="edge_by_contact")),
        migrations.AddIndex("serviceedge", models.Index(fields=["version", "id"], name="edge_by_version")),
    ]
