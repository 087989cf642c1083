"""What the matrices of roles share: who asks, what a rule allows, and what an answer means."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client

from enrollment.operations import enroll
from keys.models import ProvisioningKey, SigningCertificate
from keys.operations import request_certificate
from portal.roles import ROLES
from tests import factories
from tests.base import CAST, PortalTestCase, make_user

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
READ = frozenset({"GET", "HEAD"})
FORM = frozenset({"GET", "HEAD", "POST"})
EVERYBODY = frozenset({*CAST, "stranger"})
MEMBERS = frozenset(CAST)


def holders(permission: str) -> frozenset[str]:
    """The test users whose role has the permission."""
    roles = {role for role, permissions in ROLES.items() if permission in permissions}
    return frozenset(name for name, role in CAST.items() if role in roles or role == "superuser")


@dataclass(frozen=True)
class Rule:
    """The users and methods allowed for a URL; `data` is a harmless form for POST."""

    who: frozenset[str]
    methods: frozenset[str] = READ
    data: dict[str, str] = field(default_factory=dict)


def needs(permission: str, methods: frozenset[str] = READ, **data: str) -> Rule:
    return Rule(holders(permission), methods, data)


class MatrixTestCase(PortalTestCase):
    key: ProvisioningKey
    pending: SigningCertificate

    @classmethod
    def setUpTestData(cls) -> None:
        cls.key, text = factories.make_key("berlin", max_uses=9)
        enroll(text, factories.make_csr(), caller=factories.EDGE)
        cls.key.refresh_from_db()
        cls.pending = SigningCertificate(name="pending")
        request_certificate(cls.pending, key_type="EC P-256", actor=factories.ACTOR)

    def setUp(self) -> None:
        self.clients = {who: self.client_class() for who in MEMBERS}

    def client_of(self, who: str) -> Client:
        """A client with a session of that person, who signs in again after signing out; a stranger's is new."""
        if who == "stranger":
            return self.client_class()
        session = self.clients[who].cookies.get(settings.SESSION_COOKIE_NAME)
        if not (session and session.value):
            self.clients[who].force_login(User.objects.filter(username=who).first() or make_user(who))
        return self.clients[who]

    def status(self, who: str, method: str, path: str, data: dict[str, str]) -> int:
        # Only a browser is led to sign-in. A program's refusal takes no page, and there are hundreds.
        is_browser = who == "stranger" and method in {"GET", "POST"}
        headers = {} if is_browser else {"accept": "application/json"}
        return int(self.client_of(who).generic(method, path, headers=headers, **self.body(method, data)).status_code)

    @staticmethod
    def body(method: str, data: dict[str, str]) -> dict[str, str]:
        if method != "POST":
            return {}
        return {"data": urlencode(data), "content_type": "application/x-www-form-urlencoded"}
