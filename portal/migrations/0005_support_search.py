from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("portal", "0004_events_by_key"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="auditevent",
            index=models.Index(fields=["request_id"], name="audit_event_by_request"),
        ),
    ]
