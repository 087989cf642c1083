"""Keys that a certificate blocks are ranges of its index: those that are enabled and have uses left."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("keys", "0012_groups_of_the_map")]

    operations = [
        migrations.RemoveIndex("provisioningkey", "key_by_certificate"),
        migrations.AddIndex(
            "provisioningkey",
            models.Index(
                fields=["signing_certificate", "enabled", "use_state", "pin", "group", "expires_at"],
                name="key_by_certificate",
            ),
        ),
    ]
