"""Names of 255 characters: up to three lines beside others, the whole as title, and one click away without a script."""

from __future__ import annotations

from bs4 import Tag
from django.test import SimpleTestCase
from django.utils.html import format_html

from enrollment.models import IssuedCertificate, ServiceEdge
from enrollment.operations import enroll
from keys.models import ProvisioningKey
from portal import long_texts
from tests.base import PortalTestCase
from tests.enrollment.wizard_answers import keep_draft
from tests.factories import EDGE, make_csr, make_group, make_key
from tests.keys.base import generated
from tests.support.html import parsed

NAMES = {kind: kind * 255 for kind in "KGC"}


class Texts(SimpleTestCase):
    def test_a_short_text_stays_as_it_is(self) -> None:
        self.assertEqual(long_texts.text_or_link("<Oslo>"), "<bdi>&lt;Oslo&gt;</bdi>")
        self.assertEqual(long_texts.text_or_link("Oslo", "/x/?a&b"), '<a href="/x/?a&amp;b"><bdi>Oslo</bdi></a>')

    def test_a_long_text_has_its_title_and_below_it_what_opens_it(self) -> None:
        text = "<b>" + "w" * 80
        for address in ("", "/x/"):
            body = parsed(long_texts.text_or_link(text, address))
            cut, whole = body.select(".long, details.whole")
            self.assertEqual((cut.text, cut["title"], cut.get("href", "")), (text, text, address))
            self.assertEqual(whole.find_previous_sibling(), cut)

    def test_the_title_of_html_is_its_text(self) -> None:
        (cut,) = parsed(long_texts.text_or_link(format_html("<time>{}</time>", "&" * 81))).select(".long")
        self.assertEqual((cut["title"], len(cut.select("time"))), ("&" * 81, 1))

    def test_a_long_name_in_a_column_has_its_end_for_the_style_sheet(self) -> None:
        self.assertEqual(long_texts.in_column("v" * 10), "")
        # Cut where the rows are low.
        self.assertEqual(long_texts.in_column("v" * 11), f' title="{"v" * 11}"')
        cut = parsed(f"<a{long_texts.in_column('v' * 20 + '<edge>-1')}>").a
        self.assertEqual(cut.attrs, {"data-end": "vv<edge>-1", "title": "v" * 20 + "<edge>-1"})

    def test_a_heading_and_a_sentence_with_a_long_name(self) -> None:
        body = parsed(long_texts.heading("w" * 81, "Delete {}?") + long_texts.in_sentence("v" * 75 + "w" * 11))
        self.assertEqual(body.h1["title"], "w" * 81)
        self.assertEqual(
            [body.h1.text, body.find_all("bdi")[1].text], [f"Delete {'w' * 81}?", "v" * 67 + "…v" + "w" * 11]
        )
        self.assertEqual(len(body.select("h1 + details.whole")), 1)
        # What is behind the name is not cut with it.
        verdict = parsed(long_texts.heading("v" * 75 + "w" * 11, "{} can't be deleted"))
        self.assertEqual((verdict.h1.text, verdict.select(".long")), (f"{'v' * 67}…v{'w' * 11} can't be deleted", []))
        self.assertEqual(verdict.bdi["title"], "v" * 75 + "w" * 11)
        self.assertEqual(long_texts.heading("Oslo", "Delete {}?"), "<h1>Delete <bdi>Oslo</bdi>?</h1>")
        self.assertEqual(long_texts.in_sentence("<Oslo>"), "<bdi>&lt;Oslo&gt;</bdi>")


class Pages(PortalTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        certificate = generated("C" * 64)
        type(certificate).objects.filter(pk=certificate.pk).update(name=NAMES["C"])
        group = make_group(NAMES["G"])
        cls.key, text = make_key(NAMES["K"], group=group, signing_certificate=certificate)
        enroll(text, make_csr(), caller=EDGE)
        cls.edge = ServiceEdge.objects.get()

    def test_every_page_cuts_every_long_name_but_where_it_is_typed(self) -> None:
        """A label and a row's details show it whole; a breadcrumb is cut by its line."""
        self.sign_in("ada")
        records = [self.edge, self.key, self.key.signing_certificate, self.key.group]
        edge, key, certificate, group = (record.get_absolute_url() for record in records)
        asking = [f"{record}{page}/" for record in (edge, key, certificate, group) for page in ("edit", "delete")]
        asking += [f"{key}revoke/", f"{edge}revoke/", f"{certificate}replace/"]
        issued = IssuedCertificate.objects.get().pk
        lists = ("/service-edges/", "/service-edge-keys/", "/enrollment-certificates/")
        support = (
            "keys/provisioningkey",
            "enrollment/serviceedge",
            "enrollment/issuedcertificate",
            "portal/auditevent",
        )
        asking.append(f"{edge}certificates/{issued}/revoke/")
        for page in (edge, key, certificate, group, *asking, *lists, *(f"/admin/{each}/" for each in support)):
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
        whole = "title, label, nav.breadcrumb, tr.details, option, #result_list tbody th, .sr-only"
        return any(
            each.get("title", "").startswith(element.text.strip()[:200]) for each in [element, *element.parents][:3]
        ) or any(each in element.find_parents() or each is element for each in element.find_parents()[-1].select(whole))

    def test_a_row_of_short_names_has_no_titles(self) -> None:
        ProvisioningKey.objects.all().delete()
        make_key("Oslo")
        self.sign_in("ada")
        row = parsed(self.client.get("/service-edge-keys/?expand=all")).select_one("tbody.record")
        self.assertEqual(row.select("th a[title], td[data-label=Group] a[title], .full"), [])

    def test_the_dashboard_groups_and_the_audit_log_cut_every_long_name(self) -> None:
        """The group's description too, which may have lines."""
        group = self.key.group
        type(group).objects.filter(pk=group.pk).update(description="line\n" * 60, latitude=52.5, longitude=13.4)
        self.sign_in("ada")
        names = tuple(name[:200] for name in NAMES.values())
        keep_draft(int(self.client.session["_auth_user_id"]), self.key.signing_certificate_id)
        wizard = [f"/service-edges/add/ready/?key={self.key.pk}", "/service-edges/add/review/"]
        for page in (
            "/",
            *wizard,
            "/service-edge-groups/?expand=all",
            group.get_absolute_url(),
            "/audit-log/?expand=all",
        ):
            with self.subTest(page):
                body = parsed(self.client.get(page))
                shown = [text.parent for text in body.find_all(string=lambda text: text.strip().startswith(names))]
                # The wizard's sentences have the beginning and the end.
                self.assertGreater(len(shown), 1 if page not in wizard else -1)
                self.assertEqual([str(each)[:80] for each in shown if not self.is_cut(each)], [])
                described = body.select("dd:has(br)")
                self.assertEqual(len(described), 1 if "groups" in page else 0)
                self.assertEqual([each for each in described if not each.select(".long + .whole")], [])
