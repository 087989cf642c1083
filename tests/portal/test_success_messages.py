"""Across modules: after every operation of the pages the next page names what was changed and links it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from bs4 import Tag
from django.contrib.messages.storage.cookie import CookieStorage
from django.test import RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from enrollment.models import ServiceEdge
from keys.models import ServiceEdgeGroup, SigningCertificate
from portal import success_messages
from portal.success_messages import quoted
from tests.base import PortalTestCase
from tests.enrollment.base import EnrollmentTestCase
from tests.factories import make_group, make_key
from tests.keys import authorities
from tests.keys.base import generated
from tests.keys.pages.groups import DEFAULTS
from tests.portal import success_cases
from tests.support.html import parsed, texts, the

pytestmark = pytest.mark.once

# What takes a POST and shows no message, and why.
SILENT = {
    "logout": "signing out",
    "preferences": "there is one set of preferences, and its page is the next page",
    "preferences-density": "the page itself changes",
    "preferences-theme": "the page itself changes",
    "list-columns": "the page itself changes",
    "own-password": "a person has one password, which has no name",
    "own-sessions": "its message names a session, which is no record",
    "session-left": "an answer to a script",
    "keys:key-add": "the answer is the page of the new key",
    "enrollment:edge-add-ready": "the answer is the page of the new key",
    "enrollment:edge-add-discard": "its message names a draft, which has no name",
    **{
        f"enrollment:edge-add-{step}": "an answer of the wizard changes nothing yet"
        for step in ("choose-key", "certificate", "group", "key-details", "review")
    },
    "keys:key-reveal": "the answer is the key",
    "keys:key-download": "the answer is a file",
    "enrollment:enroll": "a machine",
    "enrollment:renew": "a machine",
    "enrollment:heartbeat": "a machine",
}
# What makes the record that its message names.
ADDING = {"keys:group-add", *(f"keys:certificate-{name}" for name in ("generate", "request", "upload", "complete"))}


def pages(resolver: Any = None, prefix: str = "") -> Iterator[tuple[str, int]]:
    """The names of the pages outside the support pages, and how many ids their addresses have."""
    for each in (resolver or get_resolver()).url_patterns:
        if isinstance(each, URLResolver):
            if each.namespace != "admin" and ".well-known" not in str(each.pattern):
                yield from pages(each, f"{prefix}{each.namespace}:" if each.namespace else prefix)
        elif isinstance(each, URLPattern) and each.name:
            yield f"{prefix}{each.name}", len(each.pattern.converters)


class EveryOperation(EnrollmentTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.sign_in("sue")

    def cases(self) -> success_cases.Cases:
        key, own = self.key, generated("Own CA")
        self.enroll(self.text), self.enroll(self.text)
        other, other_text = make_key("Other")
        self.enroll(other_text)
        self.enroll(self.text)
        one, two, _, spent = ServiceEdge.objects.order_by("pk")
        make_key("On own", signing_certificate=own)
        return {
            **success_cases.of_a_key(key),
            **success_cases.of_lists(key, spent),
            **success_cases.of_edges(one, two, spent, f"{key.get_absolute_url()}edit/#id_enabled"),
            **success_cases.of_a_used_key(other),
            **success_cases.of_groups(key, make_group("Spare")),
            **success_cases.of_certificates(own, generated("Moved to"), generated("Unused")),
        }

    def message(self, answer: Any) -> Tag:
        self.assertEqual(answer.status_code, 302, answer.context and texts(answer, ".errorlist"))
        page = self.client.get(answer["Location"].partition("#")[0])
        (message,) = parsed(page).select(".message.success > span")
        self.assertNotIn(self.text, str(message))
        return message

    def test_each_page_that_takes_a_form_has_a_case_or_says_why_not(self) -> None:
        takes_forms = set()
        for name, ids in pages():
            answer = self.client.delete(reverse(name, args=[self.key.pk] * ids))
            if answer.status_code == 405 and "POST" in answer["Allow"]:
                takes_forms.add(name)
        self.assertEqual(takes_forms, {*SILENT, *ADDING, *self.cases()})

    def test_its_message_names_and_links_what_was_changed_and_offers_a_next_step(self) -> None:
        for name, cases in self.cases().items():
            for case in cases:
                with self.subTest(page=name, text=case.text):
                    message = self.message(self.client.post(reverse(name, args=case.args), case.data))
                    self.assertEqual(message.get_text(), case.text)
                    self.assertEqual(
                        [each.get("href") or each["formaction"] for each in message.select("a, button")], case.links
                    )

    def test_it_names_and_links_what_was_added(self) -> None:
        root = authorities.ca()
        own = authorities.ca("Edges", root)
        fields = {"key_type": "EC P-256", "days": "365", "client_type": "NONE", "kind": "root"}
        chain = {"certificates": (own.pem + root.pem).decode(), "private_key": own.key_pem.decode()}
        add_key = reverse("keys:key-add")
        for name, data, text, next_step in (
            ("generate", fields, "Generated certificate “Own generate” · Add a key", add_key),
            ("request", fields, "Created a request for certificate “Own request” · Download CSR", ""),
            ("upload", chain | fields, "Uploaded certificate “Own upload” · Add a key", add_key),
        ):
            with self.subTest(name):
                answer = self.client.post(reverse(f"keys:certificate-{name}"), {**data, "name": f"Own {name}"})
                message = self.message(answer)
                page = SigningCertificate.objects.get(name=f"Own {name}").get_absolute_url()
                self.assertEqual(message.get_text(), text)
                links = [each["href"] for each in message.select("a")]
                pk = page.split("/")[-2]
                self.assertEqual(links, [page, f"{next_step}?cert={pk}" if next_step else f"{page}request.csr"])
                if next_step:
                    chosen = the(self.client.get(links[1]), "#id_signing_certificate option[selected]")
                    self.assertEqual(chosen["value"], pk)
        pending = SigningCertificate.objects.get(name="Own request")
        signed = authorities.sign(self.client.get(f"{pending.get_absolute_url()}request.csr").content, root)
        answer = self.client.post(f"{pending.get_absolute_url()}upload/", {"certificates": signed.pem.decode()})
        message = self.message(answer)
        self.assertEqual(message.get_text(), "Certificate “Own request” is complete and enabled · Add a key")
        self.assertEqual(
            [each["href"] for each in message.select("a")], [pending.get_absolute_url(), f"{add_key}?cert={pending.pk}"]
        )

    def test_a_new_group_leads_to_its_first_key(self) -> None:
        message = self.message(self.client.post(reverse("keys:group-add"), {**DEFAULTS, "name": "Added"}))
        self.assertEqual(message.get_text(), "Added group “Added” · Add a key for it")
        group = ServiceEdgeGroup.objects.get(name="Added")
        links = [each["href"] for each in message.select("a")]
        self.assertEqual(links, [group.get_absolute_url(), f"{reverse('keys:key-add')}?group={group.pk}"])


class Escaping(PortalTestCase):
    def test_what_comes_from_people_is_text(self) -> None:
        self.assertEqual(quoted("<b>&"), "“<bdi>&lt;b&gt;&amp;</bdi>”")
        record = SigningCertificate(pk=1, name="<b>&")
        self.assertIn(">&lt;b&gt;&amp;<", success_messages.named(record))
        self.assertIn("&lt;b&gt;", success_messages.link("<b>", "/?a=1&b=2"))
        request = RequestFactory().get("/")
        request._messages = CookieStorage(request)  # type: ignore[attr-defined]  # where django.contrib.messages looks
        success_messages.add(request, "Revoked certificate {}", "<b>")
        self.assertEqual([str(each) for each in request._messages], ["Revoked certificate &lt;b&gt;."])  # type: ignore[attr-defined]
