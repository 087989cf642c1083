"""The cast and the test cases.

Ada is an administrator, Olga an operator, Vic a viewer, Tom an auditor, Sam support staff, Sue a superuser,
Nora a member without any role. Clients speak https, as production does.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Group, User
from django.test import Client, TestCase, TransactionTestCase

from portal import triggers

CAST = {
    "ada": "Administrator",
    "olga": "Operator",
    "vic": "Viewer",
    "tom": "Auditor",
    "sam": "Support",
    "sue": "superuser",
    "nora": "",
}
STAFF = {"ada", "sam", "sue"}


class SecureClient(Client):
    """A browser that reached the portal over https."""

    def generic(self, *args: Any, **kwargs: Any) -> Any:
        return super().generic(*args, **{**kwargs, "secure": True})


def make_user(name: str) -> User:
    """One member of the cast, with the role that CAST says."""
    role = CAST[name]
    if role == "superuser":
        return User.objects.create_superuser(name, password=None)
    user = User.objects.create_user(name, is_staff=name in STAFF)
    if role:
        user.groups.add(Group.objects.get(name=role))
    return user


class PortalTestCase(TestCase):
    """A database test in a transaction that is rolled back."""

    client_class = SecureClient

    def sign_in(self, name: str) -> User:
        """Sign a member of the cast in, making the account at first use."""
        user = User.objects.filter(username=name).first() or make_user(name)
        self.client.force_login(user)
        return user


class CommittedTestCase(TransactionTestCase):
    """A test whose transactions really commit. Triggers step aside only while the database is flushed."""

    client_class = SecureClient
    sign_in = PortalTestCase.sign_in

    def _fixture_teardown(self) -> None:
        triggers.drop_all()
        # The flush emits post_migrate, which creates triggers and roles again.
        super()._fixture_teardown()
