"""Across modules: a first visit of any page weighs at most 60 KB compressed, plus the font.

What a page names in its HTML is added up; `tests/browser/test_weight.py` measures the keys page on the wire.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.management import call_command
from django.urls import URLResolver, get_resolver, reverse

from enrollment.models import IssuedCertificate, ServiceEdge
from enrollment.operations import enroll
from keys.models import SigningCertificate
from keys.operations.ca_requesting import request_certificate
from portal.models import AuditEvent
from tests import factories
from tests.base import PortalTestCase
from tests.browser import states, support_states
from tests.enrollment.wizard_answers import keep_draft
from tests.keys.base import generated
from tests.support.html import parsed

pytestmark = pytest.mark.once
MOST = 60_000
# The status line and the headers of one answer.
HEAD = 500
# What a page needs beside its address.
QUERIES = {"list-bulk": {"do": "disable", "all": "on"}}
NAMED = "script[src], link[rel=stylesheet], link[rel=preload], link[rel=icon], link[rel=modulepreload], img[src]"


@cache
def weight_of_file(name: str) -> int:
    """Bytes of a static file as WhiteNoise sends it, with those of the files that a style sheet imports."""
    content = Path(str(finders.find(name))).read_bytes()
    imported = re.findall(rb'@import\s+(?:url\()?["\']?([^"\')]+)', content)
    rest = sum(weight_of_file(str(Path(name).parent / each.decode())) for each in imported)
    return min(len(content), len(gzip.compress(content, 9))) + HEAD + rest


def weight(answer: Any) -> int:
    """Bytes of a page and of all that it names, the font left out."""
    total = len(gzip.compress(answer.content, 6)) + HEAD
    for address in {tag.get("src") or tag["href"] for tag in parsed(answer).select(NAMED)}:
        if address.startswith("/admin/"):
            raise AssertionError(f"A script from {address} would not be cached.")
        total += 0 if address.endswith(".woff2") else weight_of_file(address.removeprefix(settings.STATIC_URL))
    return total


def addresses(resolver: Any, space: str = "") -> Iterator[tuple[str, Any]]:
    """The names of all pages of the portal, `/admin/` left out, each with its pattern."""
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            if pattern.app_name != "admin":
                yield from addresses(pattern, f"{pattern.namespace}:" if pattern.namespace else space)
        elif pattern.name and f"{space}{pattern.name}" not in states.NOT_PAGES:
            yield f"{space}{pattern.name}", pattern


class PageWeights(PortalTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        cls.key, text = factories.make_key("weighed", max_uses=5)
        enroll(text, factories.make_csr(), caller=factories.EDGE)
        call_command("seed_keys", count=101, force=True, verbosity=0)
        cls.own = generated("Own")
        cls.pending = SigningCertificate(name="Pending")
        request_certificate(cls.pending, key_type="EC P-256", actor=factories.ACTOR)

    def setUp(self) -> None:
        sue = self.sign_in("sue")
        keep_draft(sue.pk, self.key.signing_certificate_id)

    def test_each_page_of_the_portal(self) -> None:
        edge, certificate = ServiceEdge.objects.get(), IssuedCertificate.objects.get()
        ids = {"key": self.key.pk, "group": self.key.group_id, "certificate": self.own.pk, "edge": edge.pk}
        for name, pattern in addresses(get_resolver()):
            with self.subTest(name):
                wanted = {"pk": ids[re.split("[:-]", name)[1]]} if "pk" in pattern.pattern.converters else {}
                if "name" in pattern.pattern.converters:
                    wanted = {"name": "keys"}
                if name == "keys:certificate-complete":
                    wanted = {"pk": self.pending.pk}
                elif name == "enrollment:certificate-revoke":
                    wanted = {"pk": edge.pk, "certificate_pk": certificate.pk}
                if name == "login":
                    self.client.logout()
                query = QUERIES.get(name, {})
                if name == "enrollment:edge-add-ready":
                    # The user has a draft of the wizard; its last page is that of a key.
                    query = {"key": self.key.pk}
                answer = self.client.get(reverse(name, kwargs=wanted), query)
                self.assertEqual(answer.status_code, 200)
                self.assertLessEqual(weight(answer), MOST)
                self.sign_in("sue")

    def test_each_support_page(self) -> None:
        records = {
            "auth_user": self.sign_in("ada"),
            "enrollment_issuedcertificate": IssuedCertificate.objects.get(),
            "enrollment_serviceedge": ServiceEdge.objects.get(),
            "keys_provisioningkey": self.key,
            "keys_serviceedgegroup": self.key.group,
            "keys_signingcertificate": self.key.signing_certificate,
            "portal_auditevent": AuditEvent.objects.latest("pk"),
        }
        self.sign_in("sue")
        for path in sorted({visit.path for visit in support_states.visits()}):
            with self.subTest(path):
                record = records.get("_".join(path.split("/")[2:4]))
                answer = self.client.get(path.replace("*", str(record.pk if record else "")), follow=True)
                if answer.status_code == 200:
                    self.assertLessEqual(weight(answer), MOST)
                else:
                    self.assertEqual(answer.status_code, 403)
