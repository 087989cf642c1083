from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("enrollment", "0003_renewal_and_heartbeat"),
        ("keys", "0001_initial"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="serviceedge",
            index=models.Index(fields=["name"], name="edge_by_name"),
        ),
    ]
