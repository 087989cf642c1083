"""The cast and the test cases.

Ada is an administrator, Olga an operator, Vic a viewer, Tom an auditor, Sam support staff, Sue a superuser,
Nora a member without any role. Clients speak https, as production does.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Group, Permission, User
from django.contrib.contenttypes.models import ContentType
from django.core.management.color import no_style
from django.db import connection
from django.test import Client, TestCase, TransactionTestCase

from portal import triggers
from portal.roles import ROLES

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
# The rows of these tables are the same in every database: content types, permissions, and the groups for the roles.
MADE_BY_MIGRATE = {each._meta.db_table for each in (ContentType, Permission, Group, Group.permissions.through)}


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
    """A test whose transactions really commit. Triggers step aside only while the tables are emptied.

    Django's own flush empties all tables and emits post_migrate, which takes longer than most tests.
    """

    client_class = SecureClient
    sign_in = PortalTestCase.sign_in

    def _fixture_teardown(self) -> None:
        triggers.drop_all()
        tables = set(connection.introspection.django_table_names(only_existing=True, include_views=False))
        statements = connection.ops.sql_flush(no_style(), sorted(tables - MADE_BY_MIGRATE))
        connection.ops.execute_sql_flush(statements)
        Group.objects.exclude(name__in=ROLES).delete()
        triggers.create_all()
