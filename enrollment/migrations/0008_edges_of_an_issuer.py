import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("enrollment", "0007_reason_words"),
        ("keys", "0008_key_by_tail"),
    ]

    operations = [
        migrations.AlterField(
            model_name="issuedcertificate",
            name="issuer",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="issued",
                to="keys.signingcertificate",
            ),
        ),
        migrations.AddIndex(
            model_name="issuedcertificate",
            index=models.Index(fields=["issuer", "edge", "not_after", "revoked_at"], name="issued_by_issuer_and_edge"),
        ),
    ]
