"""Across modules: after every operation of the pages the next page names what was changed and links it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from bs4 import Tag
from django.contrib.messages.storage.cookie import CookieStorage
from django.test import RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from enrollment.models import IssuedCertificate, ServiceEdge
from keys.models import ServiceEdgeGroup, SigningCertificate
from portal import success_messages
from portal.success_messages import quoted
from portal.times import stamp
from tests.base import PortalTestCase
from tests.enrollment.base import EnrollmentTestCase
from tests.factories import make_group, make_key
from tests.keys import authorities
from tests.keys.base import generated
from tests.keys.pages.groups import DEFAULTS
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


class Case(NamedTuple):
    """What is sent to an address, and what the message has: its words, and the addresses of its links."""

    args: tuple[int | str, ...]
    data: dict[str, Any]
    text: str
    links: list[str]


class EveryOperation(EnrollmentTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.sign_in("sue")

    def cases(self) -> dict[str, list[Case]]:
        key, own = self.key, generated("Own CA")
        self.enroll(self.text), self.enroll(self.text)
        other, other_text = make_key("Other")
        self.enroll(other_text)
        self.enroll(self.text)
        one, two, _, spent = ServiceEdge.objects.order_by("pk")
        certificate = IssuedCertificate.objects.get(edge=two)
        saved = {"viewable": "on", "enabled": "on", "signing_certificate": key.signing_certificate_id}
        key_page, certificates = key.get_absolute_url(), {"client_type": "NONE", "key_type": "EC P-256", "days": "365"}
        reveal, disable = f"{key_page}reveal/", f"{key_page}edit/#id_enabled"
        spare = make_group("Spare")
        moved, unused = generated("Moved to"), generated("Unused")
        make_key("On own", signing_certificate=own)
        by_own = f"/service-edge-keys/?cert={moved.pk}"
        return {
            "keys:key-edit": [
                Case(
                    (key.pk,),
                    {**saved, "name": key.name, "max_uses": key.max_uses + 1, "version": 1},
                    f"Limit of “{key.name}” raised to {key.max_uses + 1} · Copy key",
                    [key_page, reveal],
                ),
                Case(
                    (key.pk,),
                    {**saved, "name": "Renamed", "max_uses": key.max_uses + 1, "version": 2},
                    "Saved key “Renamed”.",
                    [key_page],
                ),
            ],
            "keys:key-limit": [
                Case(
                    (key.pk,),
                    {"max_uses": key.max_uses + 7},
                    f"Limit of “Renamed” raised to {key.max_uses + 7} · Copy key",
                    [key_page, reveal],
                )
            ],
            "list-bulk": [
                Case(
                    ("keys",),
                    {"do": "enable", "row": key.pk},
                    "1 key was already enabled: “Renamed”.",
                    [key_page],
                ),
                Case(
                    ("edges",),
                    {"do": "enable", "row": spent.pk},
                    f"1 edge was already enabled: “{spent.name}”.",
                    [spent.get_absolute_url()],
                ),
            ],
            "list-views": [
                Case(
                    ("keys",),
                    {"name": "Daily"},
                    "Saved view “Daily” · Manage views",
                    ["/lists/keys/views/"],
                )
            ],
            "enrollment:certificate-revoke": [
                Case(
                    (two.pk, certificate.pk),
                    {"reason": "superseded", "confirm_name": two.name},
                    f"Revoked certificate {certificate.serial} of edge “{two.name}” · Disable its key too",
                    [two.get_absolute_url(), disable],
                )
            ],
            "enrollment:edge-revoke": [
                Case(
                    (one.pk,),
                    {"reason": "superseded", "confirm_name": one.name},
                    f"Revoked edge “{one.name}” with 1 certificate · Disable its key too",
                    [one.get_absolute_url(), disable],
                )
            ],
            "enrollment:edge-edit": [
                Case(
                    (spent.pk,),
                    {"name": "Frankfurt", "enabled": "on", "version": 1},
                    "Saved edge “Frankfurt”.",
                    [spent.get_absolute_url()],
                )
            ],
            "enrollment:edge-disable": [
                Case(
                    (spent.pk,),
                    {},
                    "Disabled edge “Frankfurt”: its renewals and heartbeats are refused, and its certificate stays "
                    f"valid until {stamp(spent.certificate_until).day} · Enable it again",
                    [spent.get_absolute_url(), f"{spent.get_absolute_url()}enable/"],
                )
            ],
            "enrollment:edge-enable": [
                Case(
                    (spent.pk,),
                    {},
                    "Enabled edge “Frankfurt”: it may renew and send heartbeats again.",
                    [spent.get_absolute_url()],
                )
            ],
            "enrollment:edge-delete": [
                Case(
                    (spent.pk,),
                    {"confirm_name": "Frankfurt"},
                    "Deleted edge “Frankfurt” and revoked 1 certificate.",
                    [spent.get_absolute_url()],
                )
            ],
            "enrollment:key-revoke": [
                Case(
                    (other.pk,),
                    {"reason": "superseded", "confirm_name": other.name},
                    "Revoked 1 edge of key “Other” with 1 certificate · Disable the key too",
                    [other.get_absolute_url(), f"{other.get_absolute_url()}edit/#id_enabled"],
                )
            ],
            "keys:key-delete": [Case((other.pk,), {"confirm_name": "Other"}, "Deleted key “Other”.", [])],
            "keys:group-edit": [
                Case(
                    (key.group_id,),
                    {**DEFAULTS, "name": "Renamed", "version": 1},
                    "Saved group “Renamed”.",
                    [key.group.get_absolute_url()],
                ),
                Case(
                    (key.group_id,),
                    {**DEFAULTS, "name": "Renamed", "enabled": "", "version": 2},
                    "Saved group “Renamed” · See its blocked keys",
                    [key.group.get_absolute_url(), f"/service-edge-keys/?group={key.group_id}"],
                ),
            ],
            "keys:group-delete": [Case((spare.pk,), {"confirm_name": "Spare"}, "Deleted group “Spare”.", [])],
            "keys:certificate-edit": [
                Case(
                    (own.pk,),
                    {**certificates, "name": "Own CA 2", "enabled": "on", "version": 1},
                    "Saved certificate “Own CA 2”.",
                    [own.get_absolute_url()],
                ),
                Case(
                    (own.pk,),
                    {**certificates, "name": "Own CA 2", "version": 2},
                    "Saved certificate “Own CA 2” · Replace it on its keys",
                    [own.get_absolute_url(), f"{own.get_absolute_url()}replace/"],
                ),
            ],
            "keys:certificate-replace": [
                Case(
                    (own.pk,),
                    {"certificate": moved.pk, "confirmed": 1, "different_root": "on"},
                    "Moved 1 key from certificate “Own CA 2” to “Moved to” · See its keys",
                    [own.get_absolute_url(), moved.get_absolute_url(), by_own],
                )
            ],
            "keys:certificate-delete": [
                Case((unused.pk,), {"confirm_name": "Unused"}, "Deleted certificate “Unused”.", [])
            ],
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
