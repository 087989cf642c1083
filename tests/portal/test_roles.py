"""Every URL with every role and every method. A new URL without an entry fails."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import Group, Permission, User
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from enrollment.models import IssuedCertificate, ServiceEdge
from enrollment.operations import enroll
from keys.models import ProvisioningKey, ServiceEdgeGroup, SigningCertificate
from keys.operations import request_certificate
from portal.lists.listing import LISTS
from portal.machine_addresses import is_of_machines
from portal.roles import MEANINGS, ROLES
from tests import factories
from tests.base import CAST, STAFF, PortalTestCase, make_user
from tests.support.html import parsed, texts
from tests.support.live import ROOT

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


POST = frozenset({"POST"})
PORTAL: dict[str, Rule] = {
    "home": Rule(MEMBERS),
    "login": Rule(EVERYBODY, FORM | {"PUT"}),
    "logout": Rule(MEMBERS, POST),
    "preferences": Rule(MEMBERS, FORM),
    "own-password": Rule(MEMBERS, FORM | {"PUT"}),
    "own-sessions": Rule(MEMBERS, FORM, {"end": "others"}),
    "session-left": Rule(MEMBERS, FORM),
    "preferences-theme": Rule(MEMBERS, POST, {"theme": "dark"}),
    "preferences-density": Rule(MEMBERS, POST, {"density": "compact"}),
    "healthz": Rule(EVERYBODY),
    "readyz": Rule(EVERYBODY),
    "metrics": Rule(frozenset(), frozenset({"GET"})),
    "enrollment:enroll": Rule(EVERYBODY, POST),
    "enrollment:renew": Rule(EVERYBODY, POST),
    "enrollment:heartbeat": Rule(EVERYBODY, POST),
    "enrollment:est-cacerts": Rule(EVERYBODY),
    "enrollment:est-csrattrs": Rule(EVERYBODY),
    "enrollment:est-simpleenroll": Rule(EVERYBODY, POST),
    "enrollment:est-simplereenroll": Rule(EVERYBODY, POST),
    "enrollment:issuer-certificate": Rule(EVERYBODY),
    "enrollment:revocation-list": Rule(EVERYBODY),
    # The files are built for a portal that runs, not for tests: see tests/enrollment/endpoints/test_downloads.py.
    "enrollment:download": Rule(frozenset(), frozenset({"GET", "HEAD"})),
    "enrollment:key-revoke": needs("enrollment.revoke_issuedcertificate", FORM),
    "enrollment:edge-revoke": needs("enrollment.revoke_issuedcertificate", FORM),
    "enrollment:certificate-revoke": needs("enrollment.revoke_issuedcertificate", FORM),
    "enrollment:audit-log": needs("portal.view_auditevent"),
    "enrollment:edge-list": needs("enrollment.view_serviceedge"),
    "enrollment:edge-detail": needs("enrollment.view_serviceedge"),
    "enrollment:edge-edit": needs("enrollment.change_serviceedge", FORM),
    "enrollment:edge-enable": needs("enrollment.change_serviceedge", POST),
    "enrollment:edge-disable": needs("enrollment.change_serviceedge", POST),
    "enrollment:edge-delete": needs("enrollment.delete_serviceedge", FORM),
    **{
        f"enrollment:edge-add-{step}": needs("keys.add_provisioningkey", FORM)
        for step in ("choose-key", "certificate", "group", "key-details", "review", "ready", "discard")
    },
    "enrollment:edge-add-enrolled": needs("keys.add_provisioningkey"),
    "keys:key-list": needs("keys.view_provisioningkey"),
    "list-bulk": needs("keys.change_provisioningkey", FORM, do="disable"),
    "list-views": needs("keys.view_provisioningkey", FORM, name="Mine"),
    "list-columns": needs("keys.view_provisioningkey", POST, column="group"),
    "keys:group-names": needs("keys.view_provisioningkey"),
    "keys:key-names": needs("keys.view_provisioningkey"),
    "keys:key-detail": needs("keys.view_provisioningkey"),
    "keys:key-add": needs("keys.add_provisioningkey", FORM),
    "keys:key-edit": needs("keys.change_provisioningkey", FORM),
    "keys:key-limit": needs("keys.change_provisioningkey", POST, max_uses="9"),
    "keys:key-delete": needs("keys.delete_provisioningkey", FORM),
    "keys:key-reveal": needs("keys.reveal_provisioningkey", POST, **{"for": "show"}),
    "keys:key-download": needs("keys.reveal_provisioningkey", POST),
    "keys:group-list": needs("keys.view_serviceedgegroup"),
    "keys:group-detail": needs("keys.view_serviceedgegroup"),
    "keys:group-add": needs("keys.add_serviceedgegroup", FORM),
    "keys:group-edit": needs("keys.change_serviceedgegroup", FORM),
    "keys:group-delete": needs("keys.delete_serviceedgegroup", FORM),
    "keys:certificate-list": needs("keys.view_signingcertificate"),
    "keys:certificate-detail": needs("keys.view_signingcertificate"),
    "keys:certificate-pem": needs("keys.view_signingcertificate"),
    "keys:certificate-csr": needs("keys.view_signingcertificate"),
    "keys:certificate-add": needs("keys.add_signingcertificate"),
    "keys:certificate-generate": needs("keys.add_signingcertificate", FORM),
    "keys:certificate-request": needs("keys.add_signingcertificate", FORM),
    "keys:certificate-upload": needs("keys.add_signingcertificate", FORM),
    "keys:certificate-complete": needs("keys.change_signingcertificate", FORM),
    "keys:certificate-edit": needs("keys.change_signingcertificate", FORM),
    "keys:certificate-delete": needs("keys.delete_signingcertificate", FORM),
    "keys:certificate-replace": needs("keys.change_signingcertificate", FORM),
}
# The permission that each action on many rows needs, by the list.
BULK = {
    "keys": {
        **dict.fromkeys(("raise-limit", "enable", "disable"), "keys.change_provisioningkey"),
        "delete": "keys.delete_provisioningkey",
    },
    "edges": {
        **dict.fromkeys(("enable", "disable"), "enrollment.change_serviceedge"),
        "revoke": "enrollment.revoke_issuedcertificate",
        "delete": "enrollment.delete_serviceedge",
    },
}
# What a page of the support site needs; without an entry nobody may open it.
ADMIN_MODELS = {
    "keys_provisioningkey": {"view", "add", "change", "delete"},
    "keys_serviceedgegroup": {"view", "add", "change", "delete"},
    "keys_signingcertificate": {"view", "change", "delete"},
    "enrollment_serviceedge": {"view", "change", "delete"},
    "enrollment_issuedcertificate": {"view"},
    "portal_auditevent": {"view"},
    "auth_user": {"view", "add", "change", "delete"},
}


def portal_names(resolver: URLResolver | None = None, namespace: str = "") -> Iterator[str]:
    for pattern in (resolver or get_resolver()).url_patterns:
        if isinstance(pattern, URLPattern):
            # Without a name: EST's addresses with a label, which lead to the views of those without.
            if pattern.name:
                yield f"{namespace}{pattern.name}"
        elif pattern.namespace != "admin":
            inner = f"{pattern.namespace}:" if pattern.namespace else ""
            yield from portal_names(pattern, namespace + inner)


def admin_names() -> set[str]:
    admin = next(p for p in get_resolver().url_patterns if getattr(p, "namespace", "") == "admin")
    names = set()
    for pattern in admin.url_patterns:
        inner = pattern.url_patterns if isinstance(pattern, URLResolver) else [pattern]
        names |= {entry.name for entry in inner if getattr(entry, "name", None)}
    return names


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
        from urllib.parse import urlencode

        return {"data": urlencode(data), "content_type": "application/x-www-form-urlencoded"}


@pytest.mark.once
class PortalMatrixTest(MatrixTestCase):
    def test_every_address_has_a_rule(self) -> None:
        self.assertEqual(set(portal_names()), set(PORTAL))

    def path(self, name: str) -> str:
        from django.urls import reverse

        arguments: dict[str, list[Any]] = {
            "list-columns": ["keys"],
            **{f"keys:group-{word}": [self.key.group_id] for word in ("detail", "edit", "delete")},
            "list-views": ["keys"],
            "list-bulk": ["keys"],
            "keys:certificate-detail": [self.key.signing_certificate_id],
            "keys:certificate-pem": [self.key.signing_certificate_id],
            "keys:certificate-replace": [self.key.signing_certificate_id],
            **{f"keys:certificate-{word}": [self.pending.pk] for word in ("csr", "complete", "edit", "delete")},
            "enrollment:issuer-certificate": [self.key.signing_certificate_id],
            "enrollment:revocation-list": [self.key.signing_certificate_id],
            "enrollment:download": ["enroll-edge.pyz"],
            "enrollment:key-revoke": [self.key.pk],
            **{
                f"enrollment:edge-{word}": [ServiceEdge.objects.get().pk]
                for word in ("detail", "edit", "enable", "disable", "delete", "revoke")
            },
            "enrollment:certificate-revoke": [ServiceEdge.objects.get().pk, IssuedCertificate.objects.get().pk],
        }
        if name == "enrollment:edge-add-enrolled":
            return f"{reverse(name)}?key={self.key.pk}&after=0"
        detail = name.startswith("keys:key-") and name not in {"keys:key-list", "keys:key-add", "keys:key-names"}
        return reverse(name, args=arguments.get(name, [self.key.pk] if detail else []))

    def expected(self, who: str, method: str, rule: Rule) -> str:
        if who not in rule.who:
            return "no page" if not rule.who else "sign in" if who == "stranger" else "refused"
        if rule is PORTAL["login"] and who != "stranger":
            return "led on"
        return "answered" if method in rule.methods or method == "OPTIONS" else "not allowed"

    def seen(self, status: int, who: str, rule: Rule) -> str:
        if status in {302, 401} and who == "stranger" and who not in rule.who:
            return "sign in"
        if status == 302 and rule is PORTAL["login"]:
            return "answered" if who == "stranger" else "led on"
        return {403: "refused", 404: "no page", 405: "not allowed"}.get(status, "answered")

    def test_the_matrix_holds_for_every_role_address_and_method(self) -> None:
        wrong = []
        for name, rule in PORTAL.items():
            path = self.path(name)
            for who in sorted(EVERYBODY):
                for method in METHODS:
                    status = self.status(who, method, path, rule.data)
                    expected, seen = self.expected(who, method, rule), self.seen(status, who, rule)
                    # A method nobody uses may be refused before or after the role is looked at.
                    harmless = method not in rule.methods and seen in {"not allowed", "refused", "sign in", "no page"}
                    if status >= 500 or (seen != expected and not harmless and method != "OPTIONS"):
                        wrong.append((name, who, method, status, expected))
        self.assertEqual(wrong[:20], [])

    def test_the_matrix_holds_for_every_action_on_many_rows(self) -> None:
        from django.urls import reverse

        declared = {listed.nouns: {action.word for action in listed.bulk} for listed in LISTS if listed.bulk}
        self.assertEqual({nouns: {*actions} for nouns, actions in BULK.items()}, declared)
        for nouns, actions in BULK.items():
            for word, permission in actions.items():
                rule, path = needs(permission, FORM), reverse("list-bulk", args=[nouns])
                for who in sorted(EVERYBODY):
                    for method, address in (("GET", f"{path}?do={word}"), ("POST", path)):
                        with self.subTest(list=nouns, action=word, who=who, method=method):
                            status = self.status(who, method, address, {"do": word})
                            self.assertEqual(self.seen(status, who, rule), self.expected(who, method, rule))

    def test_a_method_that_is_not_allowed_leads_a_browser_on_and_gives_a_program_a_problem(self) -> None:
        client = self.client_of("ada")
        refused = [(name, method) for name, rule in PORTAL.items() for method in {"GET", "POST"} - rule.methods]
        cases = [(self.path(name), method) for name, method in refused if PORTAL[name].who]
        # The matrix opens the pages that only show.
        opened = {path for path, method in cases if method == "POST"}
        for path, method in [
            *cases,
            ("/admin/logout/", "GET"),
            (f"/admin/keys/provisioningkey/{self.key.pk}/history/", "POST"),
        ]:
            with self.subTest(f"{method} {path}"):
                page = client.generic(method, path, headers={"accept": "text/html"})
                problem = client.generic(method, path, headers={"accept": "application/json"})
                self.assertEqual((page.status_code, problem.status_code), (405, 405))
                self.assertTrue(page["Allow"] == problem["Allow"] and method not in page["Allow"])
                if is_of_machines(path):
                    self.assertEqual(page["Content-Type"], problem["Content-Type"])
                    self.assertIn(page["Allow"].partition(",")[0], page.content.decode())
                    continue
                self.assertEqual(problem.json()["code"], "method_not_allowed")
                self.assertTrue(parsed(page).select("nav[aria-label=Main] a"))
                self.assertEqual(len(texts(page, "h1")), 1)
                [onward] = parsed(page).select(".error-page .button")
                if onward["href"] not in opened:
                    self.assertIn(client.get(str(onward["href"])).status_code, {200, 302})
                    opened.add(onward["href"])

    def test_e08_a_lost_role_is_noticed_at_the_next_request(self) -> None:
        user = self.sign_in("vic")
        self.assertEqual(self.client.get("/service-edge-keys/").status_code, 200)
        user.groups.clear()
        self.assertEqual(self.client.get("/service-edge-keys/").status_code, 302)


ADMIN_PAGES = {"changelist": "view", "add": "add", "change": "change", "delete": "delete", "history": "view"}


class AdminMatrixTest(MatrixTestCase):
    def objects(self) -> dict[str, int]:
        from portal.models import AuditEvent

        return {
            "keys_provisioningkey": self.key.pk,
            "keys_serviceedgegroup": self.key.group_id,
            "keys_signingcertificate": SigningCertificate.objects.get(name="Root").pk,
            "enrollment_serviceedge": ServiceEdge.objects.get().pk,
            "enrollment_issuedcertificate": IssuedCertificate.objects.get().pk,
            "portal_auditevent": AuditEvent.objects.order_by("id")[0].pk,
            "auth_user": User.objects.create_user("someone").pk,
        }

    def test_every_model_of_the_support_site_has_an_entry(self) -> None:
        listed = {name.removesuffix("_changelist") for name in admin_names() if name.endswith("_changelist")}
        self.assertEqual(listed, set(ADMIN_MODELS))

    def may(self, who: str, model: str, verb: str) -> bool:
        app, name = model.split("_", 1)
        allowed = who in holders(f"{app}.{verb}_{name}") and verb in ADMIN_MODELS[model]
        # Preloaded certificates belong to the vendor: nobody changes them.
        managed = model == "keys_signingcertificate" and verb in {"change", "delete"}
        return who in STAFF and allowed and not managed

    def test_pages_open_for_those_who_may_and_nobody_else(self) -> None:
        wrong = []
        for model, pk in self.objects().items():
            for page, verb in ADMIN_PAGES.items():
                path = (
                    f"/admin/{model.replace('_', '/', 1)}/"
                    + {
                        "changelist": "",
                        "add": "add/",
                        "change": f"{pk}/change/",
                        "delete": f"{pk}/delete/",
                        "history": f"{pk}/history/",
                    }[page]
                )
                for who in sorted(EVERYBODY):
                    # The change page shows the fields to whoever may only view.
                    may = self.may(who, model, verb) or (page == "change" and self.may(who, model, "view"))
                    status = self.status(who, "GET", path, {})
                    # The history is the audit log with the events of the object.
                    opened = 302 if page == "history" else 200
                    expected = 302 if who == "stranger" else opened if may else 403
                    if status != expected:
                        wrong.append((path, who, status, expected))
        self.assertEqual(wrong[:20], [])

    # The same permissions as above, which PostgreSQL has read there; a refused form never reaches the database.
    @pytest.mark.once
    def test_posts_from_those_who_may_only_look_change_nothing(self) -> None:
        for model, pk in self.objects().items():
            base = f"/admin/{model.replace('_', '/', 1)}/"
            for path in (f"{base}{pk}/change/", f"{base}{pk}/delete/", f"{base}add/"):
                for who in ("sam", "vic", "olga", "tom", "nora"):
                    self.assertEqual(self.status(who, "POST", path, {"name": "x", "post": "yes"}), 403, (path, who))
        self.assertEqual(ProvisioningKey.objects.get().name, "berlin")
        self.assertEqual(ServiceEdgeGroup.objects.count(), 1)


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
