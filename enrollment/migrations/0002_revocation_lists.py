import django.db.models.deletion
from django.db import migrations, models
from django.db.models import F, Q


class Migration(migrations.Migration):
    dependencies = [
        ("enrollment", "0001_initial"),
        ("keys", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="RevocationList",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "number",
                    models.BigIntegerField(help_text="CRL number: grows from list to list, also after a restore."),
                ),
                ("der", models.BinaryField(verbose_name="list")),
                ("this_update", models.DateTimeField(verbose_name="valid from")),
                ("next_update", models.DateTimeField(verbose_name="expires")),
                ("size", models.PositiveIntegerField(verbose_name="certificates on it")),
                # Here and not in an AddField: that is two commands in one statement, which PostgreSQL does not prepare.
                (
                    "issuer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="revocation_lists",
                        to="keys.signingcertificate",
                    ),
                ),
            ],
            options={
                "ordering": ["-number"],
                "default_permissions": [],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("issuer", "number"), name="revocation_list_number_is_unique_per_issuer"
                    ),
                    models.CheckConstraint(condition=Q(number__gte=1), name="revocation_list_number_is_positive"),
                    models.CheckConstraint(
                        condition=Q(next_update__gt=F("this_update")), name="revocation_list_ends_after_it_begins"
                    ),
                ],
            },
        ),
        migrations.AddField(
            model_name="issuedcertificate",
            name="listed_at",
            field=models.DateTimeField(
                blank=True,
                help_text="Empty: its issuer's next list will name it.",
                null=True,
                verbose_name="on a revocation list since",
            ),
        ),
        migrations.AddIndex(
            model_name="issuedcertificate",
            index=models.Index(
                condition=Q(revoked_at__isnull=False), fields=["issuer"], name="issued_revoked_by_issuer"
            ),
        ),
        migrations.AddIndex(
            model_name="issuedcertificate",
            index=models.Index(
                condition=Q(listed_at__isnull=True, revoked_at__isnull=False),
                fields=["issuer"],
                name="issued_revoked_and_not_listed",
            ),
        ),
        migrations.AddConstraint(
            model_name="issuedcertificate",
            constraint=models.CheckConstraint(
                condition=Q(
                    revocation_reason__in=["", "unspecified", "keyCompromise", "superseded", "cessationOfOperation"]
                ),
                name="issued_revocation_reason_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="issuedcertificate",
            constraint=models.CheckConstraint(
                condition=Q(listed_at__isnull=True) | Q(revoked_at__isnull=False),
                name="issued_is_listed_only_when_revoked",
            ),
        ),
    ]
