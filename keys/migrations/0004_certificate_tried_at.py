from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("keys", "0003_keyring_ids_by_index"),
    ]

    operations = [
        migrations.AddField(
            model_name="signingcertificate",
            name="tried_at",
            field=models.DateTimeField(
                editable=False,
                help_text="When OpenSSL accepted an edge's certificate below it, also with strict checks.",
                null=True,
                verbose_name="tried",
            ),
        ),
    ]
