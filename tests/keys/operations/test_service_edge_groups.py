"""Groups are created, edited and deleted by operations; what is in use stays."""

from keys import errors, operations
from keys.models import ServiceEdgeGroup
from portal.models import AuditEvent
from tests import factories
from tests.base import PortalTestCase
from tests.factories import ACTOR


class GroupOperationsTest(PortalTestCase):
    def test_a_group_needs_only_a_name(self) -> None:
        group = factories.make_group("Berlin")
        self.assertEqual((group.upgrade_day, group.upgrade_seconds, group.version_profile), ("SUNDAY", 66_600, "0"))

    def test_editing_records_old_and_new_and_counts_the_version(self) -> None:
        group = factories.make_group("Berlin")
        group.enabled = False
        operations.edit_group(group, fields=["enabled"], version=1, actor=ACTOR)
        self.assertEqual(ServiceEdgeGroup.objects.get().version, 2)
        self.assertEqual(AuditEvent.objects.get(action="group.edited").detail, {"enabled": ["on", "off"]})

    def test_a_group_in_use_is_not_deleted_and_the_refusal_lists_its_users(self) -> None:
        key, _ = factories.make_key("berlin-1")
        with self.assertRaisesMessage(errors.InUse, "Still in use by berlin-1"):
            operations.delete_group(key.group, actor=ACTOR)

    def test_an_unused_group_is_deleted(self) -> None:
        group = factories.make_group()
        operations.delete_group(group, actor=ACTOR)
        self.assertFalse(ServiceEdgeGroup.objects.exists())

    def test_a_taken_name_is_refused_whatever_its_case(self) -> None:
        factories.make_group("Straße")
        with self.assertRaises(errors.Invalid):
            factories.make_group("STRASSE")
