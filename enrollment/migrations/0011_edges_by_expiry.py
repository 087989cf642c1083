"""When the certificate of an edge expires, by which the list is sorted and filtered; and the number of its edits."""

import datetime

from django.db import migrations, models
from django.db.models import OuterRef, Subquery, Value
from django.db.models.functions import Coalesce

BEFORE_ALL = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


def fill_certificate_until(apps, schema_editor):
    certificates = apps.get_model("enrollment", "IssuedCertificate").objects
    latest = certificates.filter(edge=OuterRef("pk"), revoked_at=None).order_by("-pk").values("not_after")[:1]
    ends = Coalesce(Subquery(latest), Value(BEFORE_ALL))
    apps.get_model("enrollment", "ServiceEdge").objects.update(certificate_until=ends)


class Migration(migrations.Migration):
    dependencies = [
        ("enrollment", "0010_edges_disabled"),
    ]

    operations = [
        migrations.AddField(
            "serviceedge",
            "certificate_until",
            models.DateTimeField(
                "certificate expires",
                default=BEFORE_ALL,
                db_default=Value(BEFORE_ALL),
                editable=False,
                help_text="The end of its latest certificate that is not revoked; 1970 without one.",
            ),
        ),
        migrations.AddField(
            "serviceedge", "revision", models.PositiveIntegerField(default=1, db_default=1, editable=False)
        ),
        migrations.RunPython(fill_certificate_until, migrations.RunPython.noop),
        migrations.AddIndex("serviceedge", models.Index(fields=["certificate_until", "id"], name="edge_by_expiry")),
    ]
