"""From when on an edge is revoked, so that many edges are counted and filtered without reading their certificates."""

import datetime

from django.db import migrations, models
from django.db.models import F, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce

BEFORE_ALL = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


def fill_revoked_from(apps, schema_editor):
    certificates = apps.get_model("enrollment", "IssuedCertificate").objects.order_by()
    others = certificates.filter(edge=OuterRef("pk"), revoked_at=None).order_by("-not_after").values("not_after")[:1]
    edges = apps.get_model("enrollment", "ServiceEdge").objects
    with_revoked = edges.filter(pk__in=certificates.filter(revoked_at__isnull=False).values("edge"))
    with_revoked.update(revoked_from=Coalesce(Subquery(others), Value(BEFORE_ALL)))


class Migration(migrations.Migration):
    dependencies = [
        ("enrollment", "0011_edges_by_expiry"),
    ]

    operations = [
        migrations.AddField(
            "serviceedge",
            "revoked_from",
            models.DateTimeField(
                "revoked from",
                null=True,
                editable=False,
                help_text="Empty unless one was revoked. Then the end of the last one that is not revoked; 1970 without one.",
            ),
        ),
        migrations.RunPython(fill_revoked_from, migrations.RunPython.noop),
        migrations.AddIndex(
            "serviceedge",
            models.Index(
                fields=["revoked_from", "id"], condition=Q(revoked_from__isnull=False), name="edge_by_revocation"
            ),
        ),
        migrations.AddConstraint(
            "serviceedge",
            models.CheckConstraint(
                condition=Q(revoked_from__isnull=True)
                | Q(revoked_from__isnull=False, revoked_from__gte=F("certificate_until")),
                name="edge_is_not_revoked_before_its_certificate_ends",
            ),
        ),
        migrations.RemoveIndex("issuedcertificate", "issued_revoked_by_edge"),
    ]
