"""Across modules: every support page with every role and every method. A new page without a rule fails."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.urls import URLResolver, get_resolver, reverse

from enrollment.models import IssuedCertificate, ServiceEdge
from keys.models import ProvisioningKey, ServiceEdgeGroup, SigningCertificate
from portal.models import AuditEvent
from tests.base import STAFF
from tests.portal.role_matrix import EVERYBODY, METHODS, MatrixTestCase, holders

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


ADMIN_PAGES = {"changelist": "view", "add": "add", "change": "change", "delete": "delete", "history": "view"}
# Pages of no model: what each answers to staff. `login` asks nobody for a role.
OTHER_PAGES = {
    "index": 200,
    "search": 200,
    "login": 302,
    "logout": 405,
    "password_change": 302,
    "password_change_done": 302,
    "jsi18n": 200,
    "autocomplete": 404,
    "app_list": 200,
    "view_on_site": 404,
}
ARGUMENTS = {"app_list": ["keys"], "view_on_site": [1, 1]}


def admin_names() -> set[str]:
    admin = next(p for p in get_resolver().url_patterns if getattr(p, "namespace", "") == "admin")
    names = set()
    for pattern in admin.url_patterns:
        inner = pattern.url_patterns if isinstance(pattern, URLResolver) else [pattern]
        names |= {entry.name for entry in inner if getattr(entry, "name", None)}
    return names


class SupportMatrixTest(MatrixTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.objects = {
            "keys_provisioningkey": self.key.pk,
            "keys_serviceedgegroup": self.key.group_id,
            "keys_signingcertificate": SigningCertificate.objects.get(name="Root").pk,
            "enrollment_serviceedge": ServiceEdge.objects.get().pk,
            "enrollment_issuedcertificate": IssuedCertificate.objects.get().pk,
            "portal_auditevent": AuditEvent.objects.order_by("id")[0].pk,
            "auth_user": User.objects.create_user("someone").pk,
        }

    def path(self, name: str) -> str:
        """The address of a page; one of a record is of the record that `setUp` chose."""
        model, _, page = name.rpartition("_")
        if name == "auth_user_password_change":
            return reverse(f"admin:{name}", args=[self.objects["auth_user"]])
        record = [self.objects[model]] if model in self.objects and page in {"change", "delete", "history"} else []
        return reverse(f"admin:{name}", args=ARGUMENTS.get(name, record))

    def may(self, who: str, model: str, verb: str) -> bool:
        app, name = model.split("_", 1)
        allowed = who in holders(f"{app}.{verb}_{name}") and verb in ADMIN_MODELS[model]
        # Preloaded certificates belong to the vendor: nobody changes them.
        managed = model == "keys_signingcertificate" and verb in {"change", "delete"}
        return who in STAFF and allowed and not managed

    def answers(self) -> dict[str, dict[str, int]]:
        """What each page answers to GET, by the names of those who may open it. All others are refused."""
        of_users = {who: 200 for who in STAFF if self.may(who, "auth_user", "change")}
        found = {"auth_user_password_change": of_users}
        for name, status in OTHER_PAGES.items():
            found[name] = dict.fromkeys(EVERYBODY if name == "login" else STAFF, status)
        for model in ADMIN_MODELS:
            for page, verb in ADMIN_PAGES.items():
                # The change page shows the fields to whoever may only view. The history is the audit log.
                verbs = {verb, "view"} if page == "change" else {verb}
                openers = [who for who in STAFF if any(self.may(who, model, each) for each in verbs)]
                found[f"{model}_{page}"] = dict.fromkeys(openers, 302 if page == "history" else 200)
        return found

    def test_every_page_has_a_rule(self) -> None:
        self.assertEqual(admin_names(), set(self.answers()))

    def test_e01_pages_open_for_those_who_may_and_nobody_else(self) -> None:
        for name, answers in self.answers().items():
            for who in sorted(EVERYBODY):
                with self.subTest(page=name, who=who):
                    expected = answers.get(who, 302 if who == "stranger" else 403)
                    self.assertEqual(self.status(who, "GET", self.path(name), {}), expected)

    # The same permissions as above, which PostgreSQL has read there; a refused request never reaches the database.
    @pytest.mark.once
    def test_e01_no_method_opens_what_is_refused_or_changes_anything(self) -> None:
        """Who is no staff is refused by one guard, so that one of them is enough; sam may only look."""
        for name, answers in self.answers().items():
            for method in METHODS[1:]:
                for who in ("stranger", "vic", "sam"):
                    may_look = who in answers
                    if may_look and (name in OTHER_PAGES or not name.endswith("_change")):
                        continue
                    with self.subTest(page=name, method=method, who=who):
                        status = self.status(who, method, self.path(name), {"name": "x", "post": "yes"})
                        refused = {302, 401} if who == "stranger" else {403, 405}
                        self.assertIn(status, {200} if may_look and method != "POST" else refused)
        self.assertEqual(ProvisioningKey.objects.get().name, "berlin")
        self.assertEqual(ServiceEdgeGroup.objects.count(), 1)
