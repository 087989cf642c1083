"""Support pages of users and audit events: administrators cannot gain the rights of a superuser."""

from django.contrib.auth.models import Group, User

from portal.models import AuditEvent
from portal.roles import MEANINGS
from tests.base import PortalTestCase, make_user
from tests.support.html import texts


class AccountsTest(PortalTestCase):
    def test_an_administrator_gives_a_role_and_staff_rights_follow(self) -> None:
        self.sign_in("ada")
        self.assertNotContains(self.client.get("/admin/auth/user/add/"), "Single Sign-On")
        fields = {"username": "new", "password1": "a rather long password", "password2": "a rather long password"}
        self.client.post("/admin/auth/user/add/", fields)
        user = User.objects.get(username="new")
        role = Group.objects.get(name="Support")
        page = self.client.get(f"/admin/auth/user/{user.pk}/change/")
        roles = {f"{name}: {meaning}" for name, meaning in MEANINGS.items()}
        self.assertEqual(set(texts(page, "#id_groups label")), roles)
        response = self.client.post(
            f"/admin/auth/user/{user.pk}/change/",
            {"username": "new", "is_active": "on", "groups": [role.pk], "is_superuser": "on"},
        )
        self.assertEqual(response.status_code, 302, response.content.decode()[:3000])
        user.refresh_from_db()
        self.assertEqual((user.is_staff, user.is_superuser), (True, False))
        self.assertEqual([str(group) for group in user.groups.all()], ["Support"])
        event = AuditEvent.objects.filter(action="user.edited").latest("id")
        self.assertEqual(event.detail["roles"], ["", "Support"])

    def test_an_administrator_cannot_touch_a_superuser(self) -> None:
        superuser = make_user("sue")
        self.sign_in("ada")
        for page in ("password/", "delete/"):
            path = f"/admin/auth/user/{superuser.pk}/{page}"
            self.assertEqual(self.client.post(path, {"post": "yes"}).status_code, 403, path)
        response = self.client.post(f"/admin/auth/user/{superuser.pk}/change/", {"username": "renamed"})
        self.assertEqual(response.status_code, 403)

    def test_a_new_password_is_audited_without_the_password(self) -> None:
        user = make_user("vic")
        self.sign_in("ada")
        password = "another long password"
        self.client.post(
            f"/admin/auth/user/{user.pk}/password/",
            {"password1": password, "password2": password, "usable_password": "true", "set-password": "1"},
        )
        user.refresh_from_db()
        self.assertTrue(user.check_password(password))
        event = AuditEvent.objects.get(action="user.edited")
        self.assertEqual(event.detail, {"password": "changed"})

    def test_deleting_an_account_is_audited(self) -> None:
        user = make_user("vic")
        self.sign_in("ada")
        self.client.post(f"/admin/auth/user/{user.pk}/delete/", {"post": "yes"})
        self.assertEqual(AuditEvent.objects.get(action="user.deleted").object_name, "vic")
