"""Maps count groups by cells of the Earth from an index, and counts of keys find disabled groups in one."""

from django.db import migrations, models

from keys.models.service_edge_group import Steps


class Migration(migrations.Migration):
    dependencies = [("keys", "0011_keys_found_in_order")]

    operations = [
        migrations.AddField(
            "serviceedgegroup",
            "map_cell",
            models.GeneratedField(
                expression=Steps("latitude", first=-90, degrees=6.25) * 100
                + Steps("longitude", first=-180, degrees=7.5),
                output_field=models.IntegerField(null=True),
                db_persist=True,
            ),
        ),
        migrations.AddIndex("serviceedgegroup", models.Index(fields=["map_cell", "id"], name="group_by_map_cell")),
        migrations.AddIndex(
            "serviceedgegroup",
            models.Index(fields=["sort_name", "id"], condition=models.Q(enabled=False), name="group_disabled"),
        ),
    ]
