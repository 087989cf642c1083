"""Across modules: every address of the portal with every role and every method. A new address without a rule fails."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from enrollment.models import IssuedCertificate, ServiceEdge
from portal.lists.listing import LISTS
from portal.machine_addresses import is_of_machines
from tests.portal.role_matrix import EVERYBODY, FORM, MEMBERS, METHODS, MatrixTestCase, Rule, needs
from tests.support.html import parsed, texts

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
    "enrollment:edge-add": needs("keys.add_provisioningkey"),
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
# The permission that each list needs, and with it its columns, its views and its CSV.
LIST_PERMISSIONS = {
    "keys": "keys.view_provisioningkey",
    "groups": "keys.view_serviceedgegroup",
    "certificates": "keys.view_signingcertificate",
    "edges": "enrollment.view_serviceedge",
    "events": "portal.view_auditevent",
}
# The permission that each action on many rows needs, by the list.
BULK: dict[str, dict[str, str]] = {
    "groups": {},
    "certificates": {},
    "events": {},
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


def portal_names(resolver: URLResolver | None = None, namespace: str = "") -> Iterator[str]:
    for pattern in (resolver or get_resolver()).url_patterns:
        if isinstance(pattern, URLPattern):
            # Without a name: EST's addresses with a label, which lead to the views of those without.
            if pattern.name:
                yield f"{namespace}{pattern.name}"
        elif pattern.namespace != "admin":
            inner = f"{pattern.namespace}:" if pattern.namespace else ""
            yield from portal_names(pattern, namespace + inner)


def permissions(names: set[str]) -> list[Permission]:
    known = Permission.objects.select_related("content_type")
    return [each for each in known if f"{each.content_type.app_label}.{each.codename}" in names]


@pytest.mark.once
class PortalMatrixTest(MatrixTestCase):
    def test_every_address_has_a_rule(self) -> None:
        self.assertEqual(set(portal_names()), set(PORTAL))

    def path(self, name: str) -> str:
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

    def test_e01_the_matrix_holds_for_every_role_address_and_method(self) -> None:
        wrong = []
        for name, rule in PORTAL.items():
            path = self.path(name)
            for method in METHODS:
                # A method that nobody may use: no role holds a permission that the superuser lacks.
                for who in sorted(EVERYBODY if method in rule.methods else {"stranger", "nora", "sue"}):
                    status = self.status(who, method, path, rule.data)
                    expected, seen = self.expected(who, method, rule), self.seen(status, who, rule)
                    # A method nobody uses may be refused before or after the role is looked at.
                    harmless = method not in rule.methods and seen in {"not allowed", "refused", "sign in", "no page"}
                    if status >= 500 or (seen != expected and not harmless and method != "OPTIONS"):
                        wrong.append((name, who, method, status, expected))
        self.assertEqual(wrong[:20], [])

    def test_e01_the_matrix_holds_for_every_action_on_many_rows(self) -> None:
        declared = {listed.nouns: {action.word for action in listed.bulk} for listed in LISTS}
        self.assertEqual({nouns: {*actions} for nouns, actions in BULK.items()}, declared)
        for nouns, actions in BULK.items():
            rules = {word: needs(permission, FORM) for word, permission in actions.items()}
            path = reverse("list-bulk", args=[nouns])
            # Of a list without actions nobody changes rows.
            for word, rule in (rules or {"delete": Rule(frozenset({"nobody"}))}).items():
                for who in sorted(EVERYBODY):
                    for method, address in (("GET", f"{path}?do={word}"), ("POST", path)):
                        with self.subTest(list=nouns, action=word, who=who, method=method):
                            status = self.status(who, method, address, {"do": word})
                            self.assertEqual(self.seen(status, who, rule), self.expected(who, method, rule))

    def test_e01_each_action_on_many_rows_needs_its_own_permission(self) -> None:
        """No role tells them apart, so here people hold all permissions but one, and that one alone."""
        for nouns, actions in BULK.items():
            path = reverse("list-bulk", args=[nouns])
            for permission in sorted({*actions.values()}):
                others = {*actions.values()} - {permission}
                for who, held in (("all others", others), ("only this", {permission})):
                    user = User.objects.create_user(f"{who} {permission}")
                    user.user_permissions.set(permissions({LIST_PERMISSIONS[nouns], *held}))
                    client = self.client_class()
                    client.force_login(user)
                    for word, needed in actions.items():
                        with self.subTest(list=nouns, action=word, who=user.username):
                            answer = client.post(path, {"do": word}, headers={"accept": "application/json"})
                            self.assertEqual(answer.status_code == 403, needed not in held)

    def test_e01_the_matrix_holds_for_columns_views_and_csv_of_every_list(self) -> None:
        self.assertEqual(set(LIST_PERMISSIONS), {listed.nouns for listed in LISTS})
        for listed in LISTS:
            permission, nouns = LIST_PERMISSIONS[listed.nouns], [listed.nouns]
            for path, method, data in (
                (reverse("list-columns", args=nouns), "POST", {"column": "name"}),
                (reverse("list-views", args=nouns), "GET", {}),
                (reverse("list-views", args=nouns), "POST", {"name": "Mine"}),
                (f"{reverse('list-bulk', args=nouns)}?do=export&all=on", "GET", {}),
                (f"{reverse(listed.address)}?format=csv", "GET", {}),
            ):
                rule = needs(permission, FORM)
                for who in sorted(EVERYBODY):
                    with self.subTest(path=path, who=who, method=method):
                        status = self.status(who, method, path, data)
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
