"""Events are counted by user and action, and refusals by interface, without reading them.

Those of people on a resource have an index in order of time. An enrollment that succeeds writes to none of the three.
"""

from django.db import migrations, models
from django.db.models import Q

from portal.index_conditions import Is, IsNot

_BY_PEOPLE = Q(IsNot("interface", value="enrollment"))


class Migration(migrations.Migration):
    dependencies = [
        ("portal", "0020_reveals_counted_from_their_index"),
    ]

    operations = [
        migrations.RemoveIndex("auditevent", "audit_event_refused"),
        migrations.RemoveIndex("auditevent", "audit_event_by_actor"),
        migrations.AddIndex(
            "auditevent",
            models.Index(
                fields=["at", "id", "interface"],
                condition=Q(Is("outcome", value="refused")),
                name="audit_event_refused",
            ),
        ),
        migrations.AddIndex(
            "auditevent",
            models.Index(
                fields=["actor_name", "at", "id", "action", "outcome"],
                condition=_BY_PEOPLE,
                name="audit_event_by_actor",
            ),
        ),
        migrations.AddIndex(
            "auditevent",
            models.Index(
                fields=["object_kind", "object_id", "at", "id"],
                condition=_BY_PEOPLE,
                name="audit_event_people_by_object",
            ),
        ),
    ]
