import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("portal", "0008_theme_words"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="SentForm",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "digest",
                    models.CharField(help_text="SHA-256 of the user and of what was sent.", max_length=64, unique=True),
                ),
                ("made_id", models.CharField(blank=True, max_length=64)),
                ("made_name", models.CharField(blank=True, max_length=300)),
                ("at", models.DateTimeField(db_index=True)),
            ],
            options={
                "default_permissions": [],
            },
        ),
        migrations.CreateModel(
            name="KeptForm",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "handle",
                    models.CharField(
                        help_text="Random; in the address that shows the form again.", max_length=32, unique=True
                    ),
                ),
                (
                    "page",
                    models.CharField(help_text="HMAC-SHA256 of the CSRF secret of the form's page.", max_length=64),
                ),
                ("path", models.CharField(max_length=2000)),
                (
                    "content",
                    models.TextField(
                        help_text="JSON: the values of the fields, and the names of those that are not kept."
                    ),
                ),
                ("at", models.DateTimeField(db_index=True)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "default_permissions": [],
            },
        ),
    ]
