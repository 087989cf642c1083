"""Across modules: the text of a key pasted into any field of any form is nowhere afterwards.

Not in what is written to the database, nor in the session with its messages, in the log, or in an address.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from io import StringIO
from typing import Any
from urllib.parse import unquote, urljoin

import pytest
from bs4 import Tag
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from enrollment.models import IssuedCertificate, ServiceEdge
from portal.logs import JsonFormatter
from portal.models import AuditEvent
from portal.secret_texts import HOLDS_KEY
from tests.enrollment.wizard_answers import keep_draft
from tests.factories import make_key
from tests.portal import test_role_matrix, test_support_matrix
from tests.portal.role_matrix import MatrixTestCase
from tests.support.html import parsed

_TYPED = ":is(input:not([type]), input[type=text], input[type=search], input[type=email], textarea)[name]"
# What is required and empty as a page opens.
_SAMPLES = {"name": "Sample", "username": "sample", "password1": "Nine pale lamps", "password2": "Nine pale lamps"}
_WRITES = re.compile("INSERT|UPDATE|REPLACE")


class PastedKeyTests(MatrixTestCase):
    def setUp(self) -> None:
        super().setUp()
        _, self.text = make_key("pasted")
        # Behind the public id, before the checksum. Names are stored in small letters too.
        self.secret = self.text.rpartition("|")[2][27:60].lower()
        self.client = self.client_of("sue")
        self.objects = {
            "keys_provisioningkey": self.key.pk,
            "keys_serviceedgegroup": self.key.group_id,
            "keys_signingcertificate": self.pending.pk,
            "enrollment_serviceedge": ServiceEdge.objects.get().pk,
            "enrollment_issuedcertificate": IssuedCertificate.objects.get().pk,
            "portal_auditevent": AuditEvent.objects.order_by("id")[0].pk,
            "auth_user": User.objects.create_user("someone").pk,
        }

    @pytest.mark.once
    def test_no_form_keeps_it(self) -> None:
        log = logging.StreamHandler(StringIO())
        log.setFormatter(JsonFormatter())
        for logger in map(logging.getLogger, ("", "django")):
            logger.addHandler(log)
            self.addCleanup(logger.removeHandler, log)
        tried, refused = set(), set()
        for address, form in self.forms():
            values = filled_in(form)
            # Django's pages to add and to change a record have one form.
            place = "/".join(address.split("/")[:4]) if address.startswith("/admin/") else address
            for name in dict.fromkeys(field["name"] for field in form.select(_TYPED)):
                if (place, name) in tried:
                    continue
                tried.add((place, name))
                with self.subTest(address, field=name), transaction.atomic():
                    answer = self.paste(address, form.get("method", "get"), {**values, name: [self.text]})
                    refused |= {name} if HOLDS_KEY in answer.content.decode() else set()
                    transaction.set_rollback(True)
        self.assertLessEqual(
            {"name", "description", "city", "trusted_networks", "alternative_cloud", "last_name"}, refused
        )
        self.assertIn("Method Not Allowed (POST): /service-edge-keys/", log.stream.getvalue())
        self.assertNotIn(self.secret, unquote(log.stream.getvalue()).lower())

    def test_the_sign_in_page_does_not_keep_it(self) -> None:
        self.client = self.client_class()
        self.paste("/accounts/login/", "post", {"username": self.text, "password": self.text})

    def forms(self) -> Iterator[tuple[str, Tag]]:
        """The forms of all pages with their addresses. Of one that several pages have, the first."""
        keep_draft(int(self.client.session["_auth_user_id"]), self.key.signing_certificate_id)
        names = [name for name, rule in test_role_matrix.PORTAL.items() if "GET" in rule.methods]
        support = [
            name
            for name in sorted(test_support_matrix.admin_names())
            if re.search("_(change|changelist|add|delete)$", name)
        ]
        addresses = [
            *(test_role_matrix.PortalMatrixTest.path(self, name) for name in names),
            *(test_support_matrix.SupportMatrixTest.path(self, name) for name in support),
        ]
        seen = {"/accounts/logout/"}
        for address in addresses:
            page = self.client.get(address)
            if page.status_code != 200 or not page["Content-Type"].startswith("text/html"):
                continue
            forms = [(urljoin(address, form.get("action") or ""), form) for form in parsed(page).find_all("form")]
            yield from (each for each in forms if each[0] not in seen)
            seen |= {sent_to for sent_to, _ in forms}

    def paste(self, address: str, method: str, values: dict[str, Any]) -> Any:
        session = self.client.cookies.get(settings.SESSION_COOKIE_NAME, "")
        with CaptureQueriesContext(connection) as queries:
            answer = getattr(self.client, method)(address, values)
        written = [each["sql"] for each in queries if _WRITES.match(each["sql"])]
        # What this changes is rolled back.
        self.client.cookies[settings.SESSION_COOKIE_NAME] = getattr(session, "value", session)
        kept = [*written, answer.get("Location", ""), dict(self.client.session), answer.cookies.output()]
        found = [str(each)[:60] for each in kept if self.secret in unquote(str(each)).lower()]
        self.assertEqual(found, [])
        self.assertLess(answer.status_code, 500)
        return answer


def filled_in(form: Tag) -> dict[str, list[str]]:
    """What a browser sends of a form that somebody filled in."""
    values: dict[str, list[str]] = {}
    for field in form.select("[name]:not([disabled])"):
        name, kind = field["name"], field.get("type", "text")
        if field.name == "select":
            options = field.select("option[selected]") or field.select("option:not([value=''])")[:1]
            values[name] = [each.get("value", each.text) for each in options]
        elif field.name == "textarea":
            values[name] = [field.text.lstrip()]
        elif kind in {"checkbox", "radio"}:
            if field.has_attr("checked"):
                values.setdefault(name, []).append(field.get("value", "on"))
        elif field.name == "input" and kind not in {"file", "submit"}:
            values.setdefault(name, []).append(field.get("value") or _SAMPLES.get(name, ""))
    return values
