import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("keys", "0005_sentences_of_fields"),
    ]

    operations = [
        migrations.AddField(
            model_name="provisioningkey",
            name="pin",
            field=models.CharField(
                db_default="",
                default="",
                editable=False,
                help_text="As in the text. Empty: not known.",
                max_length=64,
                verbose_name="pinned root",
            ),
        ),
        migrations.AddField(
            model_name="signingcertificate",
            name="trust_anchor_sha256",
            field=models.CharField(
                db_default="",
                default="",
                editable=False,
                help_text="SHA-256 of its root's public key, hex, which key texts pin. Empty while it is pending.",
                max_length=64,
                verbose_name="root",
            ),
        ),
        migrations.AlterField(
            model_name="provisioningkey",
            name="signing_certificate",
            field=models.ForeignKey(
                db_index=False,
                error_messages={
                    "invalid": "Choose a certificate from the list: it must be enabled and not expired.",
                    "null": "Choose a signing certificate.",
                },
                on_delete=django.db.models.deletion.PROTECT,
                related_name="keys",
                to="keys.signingcertificate",
            ),
        ),
        migrations.AddIndex(
            model_name="provisioningkey",
            index=models.Index(fields=["signing_certificate", "pin"], name="key_by_certificate"),
        ),
        migrations.AddIndex(
            model_name="provisioningkey",
            index=models.Index(
                condition=models.Q(("enabled", False)), fields=["sort_name"], name="key_disabled_by_name"
            ),
        ),
        migrations.AddIndex(
            model_name="provisioningkey",
            index=models.Index(
                condition=models.Q(("expires_at__isnull", False)), fields=["expires_at"], name="key_by_expiry"
            ),
        ),
    ]
