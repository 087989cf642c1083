import django.core.validators
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("keys", "0004_certificate_tried_at"),
    ]

    operations = [
        migrations.AlterField(
            model_name="provisioningkey",
            name="group",
            field=models.ForeignKey(
                db_index=False,
                error_messages={"invalid": "Choose a group that exists.", "null": "Choose a group, or name a new one."},
                on_delete=django.db.models.deletion.PROTECT,
                related_name="keys",
                to="keys.serviceedgegroup",
            ),
        ),
        migrations.AlterField(
            model_name="provisioningkey",
            name="max_uses",
            field=models.BigIntegerField(
                default=1,
                help_text="Set it to the number you are about to deploy. You can raise it later.",
                validators=[
                    django.core.validators.MinValueValidator(1, "Enter a whole number from 1 to 2,147,483,647."),
                    django.core.validators.MaxValueValidator(
                        2147483647, "Enter a whole number from 1 to 2,147,483,647."
                    ),
                ],
                verbose_name="maximum number of Private Service Edges",
            ),
        ),
        migrations.AlterField(
            model_name="provisioningkey",
            name="signing_certificate",
            field=models.ForeignKey(
                error_messages={
                    "invalid": "Choose a certificate from the list: it must be enabled and not expired.",
                    "null": "Choose a signing certificate.",
                },
                on_delete=django.db.models.deletion.PROTECT,
                related_name="keys",
                to="keys.signingcertificate",
            ),
        ),
        migrations.AlterConstraint(
            model_name="signingcertificate",
            name="certificate_serial_is_unique_per_issuer",
            constraint=models.UniqueConstraint(
                fields=("issuer", "serial"),
                name="certificate_serial_is_unique_per_issuer",
                violation_error_message="Another certificate of this issuer has the same serial number. Sign it with another.",
            ),
        ),
        migrations.AlterConstraint(
            model_name="signingcertificate",
            name="certificate_is_stored_once",
            constraint=models.UniqueConstraint(
                fields=("fingerprint",),
                name="certificate_is_stored_once",
                violation_error_message="This certificate is here already.",
            ),
        ),
    ]
