from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("keys", "0009_groups_in_order")]

    operations = [
        migrations.RemoveIndex("provisioningkey", "key_by_group"),
        migrations.RemoveIndex("provisioningkey", "key_by_certificate"),
        migrations.AddIndex("provisioningkey", models.Index(fields=["group", "id", "enabled"], name="key_by_group")),
        migrations.AddIndex(
            "provisioningkey",
            models.Index(
                fields=["signing_certificate", "pin", "enabled", "use_state", "group", "expires_at"],
                name="key_by_certificate",
            ),
        ),
    ]
