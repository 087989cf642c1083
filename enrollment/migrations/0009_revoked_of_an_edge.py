from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("enrollment", "0008_edges_of_an_issuer"),
        ("keys", "0008_key_by_tail"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="issuedcertificate",
            index=models.Index(
                condition=models.Q(("revoked_at__isnull", False)), fields=["edge"], name="issued_revoked_by_edge"
            ),
        ),
    ]
