from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("portal", "0007_known_networks_and_sessions"),
    ]

    operations = [
        migrations.AlterField(
            model_name="userpreferences",
            name="theme",
            field=models.CharField(
                choices=[("system", "System"), ("light", "Light"), ("dark", "Dark")], default="system", max_length=8
            ),
        ),
    ]
