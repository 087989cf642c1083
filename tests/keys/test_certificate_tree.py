"""The order of the tree of certificates, and the chain of one."""

from __future__ import annotations

from unittest.mock import patch

from django.test import RequestFactory, SimpleTestCase

from keys import certificate_tree, trust_anchors
from keys.crypto.ca_certificates import LONGEST_CHAIN
from keys.models import SigningCertificate
from keys.pages.certificate_list import CERTIFICATES
from portal import triggers
from tests.base import PortalTestCase
from tests.factories import signing_certificate
from tests.keys.base import generated, requested


class Tree(PortalTestCase):
    """Two trees whose names interleave. What is in a name sorts behind what is between names."""

    @classmethod
    def setUpTestData(cls):
        cls.zoo, cls.root = generated("Zoo"), generated("Root")
        # As if uploaded: what is generated here ends a chain after two.
        cls.cat, cls.lion = generated("Cat", cls.zoo), generated("Lion")
        SigningCertificate.objects.filter(pk=cls.lion.pk).update(parent=cls.cat)
        generated("Ant", cls.zoo)
        generated("Yak", cls.root)
        # Between "Root" and what is below it by name, were the border not below every character of a name.
        generated("Root -")
        requested("Pending")

    def listed(self, path="path"):
        return list(SigningCertificate.objects.annotate(path=certificate_tree.path()).order_by(path))

    def test_each_stands_behind_its_parent_and_siblings_are_in_order(self):
        self.assertEqual(
            [(each.name, certificate_tree.depth(each.path)) for each in self.listed()],
            [
                ("Pending", 0),
                ("Root", 0), ("Yak", 1),
                ("Root -", 0),
                ("Zoo", 0), ("Ant", 1), ("Cat", 1), ("Lion", 2),
            ],
        )  # fmt: skip

    def test_the_path_belongs_to_its_row_also_within_another_query(self):
        inner = SigningCertificate.objects.annotate(path=certificate_tree.path()).filter(path__gt="zoo").values("pk")
        found = SigningCertificate.objects.filter(pk__in=inner).order_by("pk")
        self.assertEqual([each.name for each in found], ["Cat", "Lion", "Ant"])

    def test_a_cursor_holds_the_id_alone_and_leads_to_what_comes_behind(self):
        order, rows = certificate_tree.TreeOrder(), SigningCertificate.objects.annotate(path=certificate_tree.path())
        for descending, names in ((False, ["Lion"]), (True, ["Ant", "Zoo"])):
            cursor = order.read_cursor(order.write_cursor(self.cat))
            (behind,) = order.beyond(cursor, descending)
            found = rows.filter(behind).order_by(*order.by(descending))
            self.assertEqual([each.name for each in found][: len(names)], names)
        self.assertLess(len(order.write_cursor(self.cat)), 30)

    def test_the_chain_is_one_query_and_knows_its_parents(self):
        with self.assertNumQueries(1):
            chain = certificate_tree.chain(self.lion.pk)
            self.assertEqual([each.name for each in chain], ["Lion", "Cat", "Zoo"])
            self.assertEqual([each.pk for each in trust_anchors.up_from(chain[0])], [each.pk for each in chain])

    def test_what_does_not_exist_has_no_chain(self):
        for pk in (0, 999_999, 10**30):
            self.assertEqual(certificate_tree.chain(pk), [])

    def test_a_damaged_row_that_is_its_own_ancestor_ends_the_walk(self):
        triggers.drop_all()
        SigningCertificate.objects.filter(pk=self.zoo.pk).update(parent=self.lion)
        self.assertEqual(len(certificate_tree.chain(self.lion.pk)), 3)
        self.assertEqual(
            {certificate_tree.depth(each.path) for each in self.listed() if each.name == "Ant"}, {LONGEST_CHAIN - 1}
        )


class Rails(SimpleTestCase):
    def test_a_line_goes_on_below_a_row_while_a_sibling_of_its_level_follows(self):
        for depths, rails in (
            ([0, 1, 1], [[], [1], []]),
            ([0, 1, 2, 1], [[], [1], [1], []]),
            ([0, 1, 2, 2, 0, 1], [[], [], [2], [], [], []]),
            # A page that begins within a tree.
            ([2, 1, 0, 0], [[1], [], [], []]),
            ([], []),
        ):
            self.assertEqual(certificate_tree.rails(depths), rails)


class Pages(PortalTestCase):
    def test_they_lead_through_all_of_the_tree_and_back(self):
        signing_certificate()
        generated("Below", generated("Alone"))

        def at(address):
            return CERTIFICATES.open(RequestFactory().get(address)).page

        with patch("portal.lists.state.PER_PAGE", (1, 100)):
            pages = [at("/")]
            while pages[-1].has_next:
                pages.append(at(pages[-1].next_link))
            names = [page.rows[0].name for page in pages]
            self.assertEqual(names, ["Alone", "Below", "Root", "Client", "Connector", "Service Edge"])
            back = [at(page.previous_link).rows[0].name for page in pages[1:]]
            self.assertEqual(back, names[:-1])
