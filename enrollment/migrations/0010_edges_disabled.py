from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("enrollment", "0009_revoked_of_an_edge"),
        ("keys", "0008_key_by_tail"),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="issuedcertificate",
            name="issued_revoked_by_edge",
        ),
        migrations.AddIndex(
            model_name="issuedcertificate",
            index=models.Index(
                condition=models.Q(("revoked_at__isnull", False)),
                fields=["edge", "revoked_at"],
                name="issued_revoked_by_edge",
            ),
        ),
        migrations.AddIndex(
            model_name="serviceedge",
            index=models.Index(
                condition=models.Q(("deleted_at", None), ("enabled", False)), fields=["id"], name="edge_disabled"
            ),
        ),
    ]
