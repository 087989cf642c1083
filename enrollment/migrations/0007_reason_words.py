from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("enrollment", "0006_edges_in_order"),
    ]

    operations = [
        migrations.AlterField(
            model_name="issuedcertificate",
            name="revocation_reason",
            field=models.CharField(
                blank=True,
                choices=[
                    ("unspecified", "Not specified"),
                    ("keyCompromise", "Key compromised"),
                    ("superseded", "Replaced by another"),
                    ("cessationOfOperation", "No longer in operation"),
                ],
                max_length=24,
            ),
        ),
    ]
