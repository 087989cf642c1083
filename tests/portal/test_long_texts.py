"""Names of 255 characters: up to three lines beside others, the whole as title, and one click away without a script."""

from __future__ import annotations

from bs4 import Tag
from django.test import SimpleTestCase
from django.utils.html import format_html

from enrollment.models import ServiceEdge
from enrollment.operations import enroll
from keys.models import ProvisioningKey
from portal import long_texts
from tests.base import PortalTestCase
from tests.factories import EDGE, make_csr, make_group, make_key
from tests.keys.base import generated
from tests.support.html import parsed

NAMES = {kind: kind * 255 for kind in "KGC"}


class Texts(SimpleTestCase):
    def test_a_short_text_stays_as_it_is(self) -> None:
        self.assertEqual(long_texts.text_or_link("<Oslo>"), "<bdi>&lt;Oslo&gt;</bdi>")
        self.assertEqual(long_texts.text_or_link("Oslo", "/x/?a&b"), '<a href="/x/?a&amp;b"><bdi>Oslo</bdi></a>')

    def test_a_long_text_has_its_title_and_below_it_what_opens_it(self) -> None:
        text = "<b>" + "w" * 60
        for address in ("", "/x/"):
            body = parsed(long_texts.text_or_link(text, address))
            cut, whole = body.select(".long, details.whole")
            self.assertEqual((cut.text, cut["title"], cut.get("href", "")), (text, text, address))
            self.assertEqual(whole.find_previous_sibling(), cut)

    def test_the_title_of_html_is_its_text(self) -> None:
        (cut,) = parsed(long_texts.text_or_link(format_html("<time>{}</time>", "&" * 61))).select(".long")
        self.assertEqual((cut["title"], len(cut.select("time"))), ("&" * 61, 1))


class Pages(PortalTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        certificate = generated("C" * 64)
        type(certificate).objects.filter(pk=certificate.pk).update(name=NAMES["C"])
        group = make_group(NAMES["G"])
        cls.key, text = make_key(NAMES["K"], group=group, signing_certificate=certificate)
        enroll(text, make_csr(), caller=EDGE)
        cls.edge = ServiceEdge.objects.get()

    def test_every_page_cuts_every_long_name_but_where_it_is_the_subject(self) -> None:
        """A heading, a label and a row's details show it whole; a breadcrumb is cut by its line."""
        self.sign_in("ada")
        edge, key = self.edge.get_absolute_url(), self.key.get_absolute_url()
        certificate = self.key.signing_certificate.get_absolute_url()
        lists = ("/service-edges/", "/service-edge-keys/", "/enrollment-certificates/")
        support = (
            "keys/provisioningkey",
            "enrollment/serviceedge",
            "enrollment/issuedcertificate",
            "portal/auditevent",
        )
        for page in (edge, f"{edge}revoke/", key, certificate, *lists, *(f"/admin/{each}/" for each in support)):
            with self.subTest(page):
                body = parsed(self.client.get(page))
                shown = [
                    text.parent
                    for text in body.find_all(
                        string=lambda text: text.strip()[:200] in {n[:200] for n in NAMES.values()}
                    )
                ]
                self.assertGreater(len(shown), 0)
                self.assertEqual([str(each)[:80] for each in shown if not self.is_cut(each)], [])

    def is_cut(self, element: Tag) -> bool:
        whole = "title, h1, label, nav.breadcrumb, tr.details, option, #result_list tbody th, .sr-only"
        return any(
            each.get("title", "").startswith(element.text.strip()[:200]) for each in [element, *element.parents][:3]
        ) or any(each in element.find_parents() or each is element for each in element.find_parents()[-1].select(whole))

    def test_a_row_of_short_names_has_no_titles(self) -> None:
        ProvisioningKey.objects.all().delete()
        make_key("Oslo")
        self.sign_in("ada")
        row = parsed(self.client.get("/service-edge-keys/?expand=all")).select_one("tbody.record")
        self.assertEqual(row.select("th a[title], td[data-label=Group] a[title], .full"), [])
