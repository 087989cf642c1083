"""The roles and their permissions. What each may open: `test_role_matrix.py`, `test_support_matrix.py`."""

from __future__ import annotations

from django.contrib.auth.models import Group, Permission

from portal.roles import MEANINGS, ROLES
from tests.base import PortalTestCase
from tests.support.live import ROOT


class RolesTest(PortalTestCase):
    def test_roles_hold_exactly_their_permissions_after_migrate(self) -> None:
        for role, names in ROLES.items():
            permissions = Group.objects.get(name=role).permissions.values_list("content_type__app_label", "codename")
            self.assertEqual({f"{app}.{codename}" for app, codename in permissions}, set(names))

    def test_the_readme_shows_each_with_its_meaning(self) -> None:
        chapter = (ROOT / "README.md").read_text().partition("\n## Users and roles\n")[2].partition("\n## ")[0]
        rows = [line for line in chapter.splitlines() if line.startswith("| ")][1:]
        self.assertEqual(rows, [f"| {role} | {meaning} |" for role, meaning in MEANINGS.items()])
        self.assertEqual(set(MEANINGS), set(ROLES))

    def test_every_permission_a_role_names_exists(self) -> None:
        known = {f"{p.content_type.app_label}.{p.codename}" for p in Permission.objects.select_related("content_type")}
        self.assertLessEqual(set().union(*ROLES.values()), known)

    def test_e08_a_lost_role_is_noticed_at_the_next_request(self) -> None:
        user = self.sign_in("vic")
        self.assertEqual(self.client.get("/service-edge-keys/").status_code, 200)
        user.groups.clear()
        self.assertEqual(self.client.get("/service-edge-keys/").status_code, 302)
