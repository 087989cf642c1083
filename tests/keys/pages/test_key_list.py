"""Service Edge Keys: the page everybody lives on."""

from __future__ import annotations

from django.db import connection
from django.test.utils import CaptureQueriesContext

from keys.models import ProvisioningKey, ServiceEdgeGroup
from tests.base import PortalTestCase
from tests.factories import expire, make_group, make_key
from tests.keys.pages.base import LIST, KeyPageTestCase, managed_key, names, row, use_up
from tests.portal.lists.test_paging import cursor_of
from tests.support.html import links, parsed, parts, texts, the

HEADS = [
    "Name",
    "Maximum # Of Private Service Edges",
    "Provisioning Key Utilization Count",
    "Private Service Edges Group",
    "Provisioning Key",
]
# Session, user, and the permissions of the user and of the roles.
QUERIES_OF_SIGN_IN = 4


class TheFrame(KeyPageTestCase):
    def test_the_heads_are_the_vendors(self):
        self.assertEqual(texts(self.client.get(LIST), "thead th"), ["Details", *HEADS, "Actions"])

    def test_the_title_the_menu_and_the_breadcrumb_name_the_page(self):
        page = self.client.get(LIST)
        self.assertEqual(texts(page, "h1"), ["Service Edge Keys"])
        self.assertEqual(texts(page, 'a[href="/service-edge-keys/"][aria-current=page]'), ["Service Edge Keys"])
        crumbs = ["Infrastructure", "Private Access", "Component", "Service Edge Keys"]
        self.assertEqual(texts(page, "nav[aria-label=Breadcrumb] li"), crumbs)

    def test_the_table_has_a_caption_and_row_heads_named_by_the_key_alone(self):
        page = self.client.get(LIST)
        self.assertContains(page, "<caption")
        self.assertIn(f'<th scope="row" aria-labelledby="n-{self.key.pk}">', row(page, self.key))

    def test_one_head_says_how_the_list_is_sorted(self):
        for query, direction in (("", "ascending"), ("?sort=-uses", "descending"), ("?sort=group", "ascending")):
            sorted_heads = parsed(self.client.get(LIST + query)).select("[aria-sort]")
            self.assertEqual([head["aria-sort"] for head in sorted_heads], [direction])

    def test_f44_without_keys_the_page_offers_to_add_one(self):
        ProvisioningKey.objects.all().delete()
        page = self.client.get(LIST)
        self.assertContains(page, "No provisioning keys yet")
        self.assertContains(page, f'href="{LIST}add/"')
        self.sign_in("vic")
        page = self.client.get(LIST)
        self.assertContains(page, "No provisioning keys yet")
        self.assertContains(page, "Ask an administrator or operator to add one.")
        self.assertNotContains(page, f'href="{LIST}add/"')

    def test_it_is_never_cached(self):
        self.assertIn("no-store", self.client.get(LIST)["Cache-Control"])


class RowsOfAnOperator(KeyPageTestCase):
    def row(self, key=None):
        return row(self.client.get(LIST), key or self.key)

    def test_a_key_with_uses_left_can_be_copied_downloaded_edited_and_deleted(self):
        found = self.row()
        for action in ("Copy", "Download", "Edit", "Delete", "Show"):
            self.assertIn(f'aria-label="{action} key Oregon"', found)
        self.assertNotIn("aria-disabled", found)
        self.assertNotIn("cannot be copied", found)

    def test_the_key_cell_abbreviates_the_text(self):
        self.key.refresh_from_db()
        self.assertIn(f'<span class="head">{self.key.token_head}</span>…<span>{self.key.token_tail}</span>', self.row())

    def test_the_use_is_said_in_words(self):
        for uses, words in ((0, "0 of 5"), (4, "Nearly used up"), (5, "At limit")):
            use_up(self.key, uses)
            found = self.row()
            self.assertIn(f'<span class="used">{uses} of 5</span>', found)
            self.assertIn(f'<meter min="0" max="5" value="{uses}"', found)
            self.assertIn(words, found)

    def test_at_the_limit_nothing_is_handed_out_and_the_warning_leads_to_the_limit(self):
        use_up(self.key)
        found = self.row()
        self.assertIn('aria-label="Why Oregon cannot be copied"', found)
        self.assertIn(f'<a href="{self.address}edit/#id_max_uses">Raise the limit</a>', found)
        for action in ("Copy", "Download", "Show"):
            self.assertEqual(the(found, f'[aria-label="{action} key Oregon"]')["aria-disabled"], "true")
        self.assertNotIn("formaction", found)

    def test_one_use_and_one_edge_are_said_in_the_singular(self):
        key, _ = make_key("Single", max_uses=1)
        use_up(key)
        for address in (LIST, f"{LIST}{key.pk}/", f"{LIST}{key.pk}/delete/"):
            page = self.client.get(address).content.decode()
            self.assertNotRegex(page, r"All 1 |\b1 (uses|edges|keys)\b")
            self.assertIn("1 edge<" if "delete" in address else "The only use of this key is taken, so it can't", page)
        refused = self.client.post(f"{LIST}{key.pk}/edit/", {"name": "Single", "max_uses": "0", "version": "1"})
        self.assertNotContains(refused, "1 edges")

    def test_a_key_that_is_not_viewable_has_a_blank_cell_and_offers_a_new_key(self):
        hidden, _ = make_key("Hidden", viewable=False)
        found = self.row(hidden)
        self.assertIn('<span class="sr-only">Not viewable after creation</span>', found)
        self.assertNotIn("<code", found)
        for absent in ("Copy key", "Download key", "Show key", "cannot be copied"):
            self.assertNotIn(absent, found)
        self.assertIn("generate a new key for the same group", found)
        self.assertIn(f'href="{LIST}add/?group={hidden.group_id}"', found)
        self.assertIn('aria-label="Edit key Hidden"', found)

    def test_a_hidden_key_at_its_limit_has_no_warning_but_says_so(self):
        hidden, _ = make_key("Hidden", viewable=False)
        use_up(hidden)
        self.assertIn("At limit", self.row(hidden))
        self.assertNotIn("cannot be copied", self.row(hidden))

    def test_a_managed_key_can_be_used_but_not_changed(self):
        found = self.row(managed_key())
        self.assertIn("Managed by Zscaler", found)
        self.assertIn('aria-label="Copy key Vendor key"', found)
        self.assertNotIn("Edit key", found)
        self.assertNotIn("Delete key", found)

    def test_a_managed_key_at_its_limit_says_whom_to_ask(self):
        key = managed_key()
        use_up(key)
        found = self.row(key)
        self.assertIn('aria-label="Why Vendor key cannot be copied"', found)
        self.assertIn("Ask Zscaler to raise the limit", found)
        self.assertNotIn("Raise the limit", found)

    def test_the_group_leads_to_its_page_and_says_where_it_is(self):
        ServiceEdgeGroup.objects.filter(pk=self.key.group_id).update(location="Portland & Salem")
        for address in (f"{LIST}?expand=all", self.address):
            page = self.client.get(address)
            place = f"{self.key.group.name} Portland & Salem"
            self.assertEqual(texts(page, f'dd:has(> a[href="/service-edge-groups/{self.key.group_id}/"])'), [place])

    def test_the_details_lead_to_the_steps_of_deployment_while_there_are_uses(self):
        link = f'href="{self.address}#deploy-title" aria-label="Deploy with Oregon"'
        self.assertIn(link, self.row())
        self.assertContains(self.client.get(self.address), 'id="deploy-title"')
        use_up(self.key)
        self.assertNotIn(link, self.row())
        self.assertNotContains(self.client.get(self.address), 'id="deploy-title"')

    def test_the_details_say_what_the_columns_do_not(self):
        key, _ = make_key(
            "Paris",
            group=make_group("Left bank"),
            enabled=False,
            allowed_networks=["192.0.2.0/24"],
        )
        expire(key)
        found = self.row(key)
        certificate = f'<a href="/enrollment-certificates/{key.signing_certificate_id}/">Signing Certificate</a>'
        for detail in (certificate, "Left bank", "Disabled", "Expires", "192.0.2.0/24", "by <bdi>the tests</bdi>"):
            self.assertIn(detail, found)

    def test_a_name_is_escaped(self):
        # No operation lets such a name in; the page must not depend on that.
        ProvisioningKey.objects.filter(pk=self.key.pk).update(name='<i>"x"&%s', sort_name="x")
        page = self.client.get(LIST).content.decode()
        self.assertIn("&lt;i&gt;&quot;x&quot;&amp;%s", page)
        self.assertNotIn('<i>"x"', page)


class RowsOfOtherRoles(KeyPageTestCase):
    def test_a_viewer_sees_no_text_and_no_action(self):
        self.sign_in("vic")
        use_up(self.key)
        page = self.client.get(LIST)
        found = row(page, self.key)
        self.assertIn('<span class="sr-only">You do not have permission to view keys</span>', found)
        for absent in ("<code", "Copy", "Download", "Show", "Edit", "Delete", "cannot be copied", "New key"):
            self.assertNotIn(absent, found)
        self.assertNotContains(page, "Add key")
        self.assertNotContains(page, 'delete-dialog"')

    def test_f44_a_member_without_a_role_is_told_whom_to_ask(self):
        self.sign_in("nora")
        self.assertContains(self.client.get(LIST), "Ask an administrator for the Viewer role", status_code=403)

    def test_a_stranger_is_led_to_sign_in_and_back(self):
        self.client.logout()
        response = self.client.get(LIST + "?sort=uses")
        self.assertRedirects(response, "/accounts/login/?next=/service-edge-keys/%3Fsort%3Duses")


class Expansion(KeyPageTestCase):
    def setUp(self):
        super().setUp()
        self.other, _ = make_key("Texas")

    def open_rows(self, query):
        page = self.client.get(LIST + query)
        return [key.name for key in (self.key, self.other) if f'id="d-{key.pk}">' in row(page, key)]

    def test_rows_are_closed_by_default(self):
        self.assertEqual(self.open_rows(""), [])

    def test_ids_open_rows(self):
        self.assertEqual(self.open_rows(f"?expand={self.other.pk}"), ["Texas"])
        self.assertEqual(self.open_rows(f"?expand={self.key.pk}&expand={self.other.pk}"), ["Oregon", "Texas"])

    def test_all_opens_every_row(self):
        self.assertEqual(self.open_rows("?expand=all"), ["Oregon", "Texas"])
        page = self.client.get(LIST + "?expand=all").content.decode()
        self.assertIn("Collapse all", page)
        self.assertNotIn("Expand all", page)

    def test_the_button_of_an_open_row_closes_it_without_javascript(self):
        self.assertEqual(self.open_rows(f"?expand={self.key.pk}&collapse={self.key.pk}"), [])
        self.assertEqual(self.open_rows(f"?expand=all&collapse={self.key.pk}"), ["Texas"])

    def test_the_forms_carry_the_state_along(self):
        page = self.client.get(f"{LIST}?sort=-uses&per_page=50&expand={self.key.pk}")
        carried = [(field["name"], field["value"]) for field in parsed(page).select("#expand-form input")]
        self.assertEqual(carried, [("sort", "-uses"), ("per_page", "50"), ("expand", str(self.key.pk))])


class TheQueryString(PortalTestCase):
    @classmethod
    def setUpTestData(cls):
        groups = [make_group(name) for name in ("B", "A")]
        for number in range(60):
            key, _ = make_key(f"key {number:02}", group=groups[number % 2], max_uses=10 + number % 7)
            use_up(key, number % 5)

    def setUp(self):
        self.sign_in("olga")

    def expected(self, field, *, descending=False):
        sign = "-" if descending else ""
        ordered = ProvisioningKey.objects.order_by(f"{sign}{field}", f"{sign}id")
        return list(ordered.values_list("name", flat=True))

    def walk(self, query, relation):
        """All pages of 25 from one end to the other, by Next or Previous."""
        pages, address = [], query
        for _ in range(10):
            page = self.client.get(LIST + address)
            pages.append(names(page))
            following = parts(page, "a", rel=relation).select("a")
            if not following:
                return pages
            address = str(following[0]["href"])
        raise AssertionError("no end")

    def test_next_walks_through_every_order_without_a_gap_or_a_repetition(self):
        fields = {
            "name": "sort_name",
            "max_uses": "max_uses",
            "uses": "uses",
            "group": "group__sort_name",
            "created": "created_at",
        }
        for sort, field in fields.items():
            for sign in ("", "-"):
                with self.subTest(sort=sign + sort):
                    found = [name for page in self.walk(f"?sort={sign}{sort}", "next") for name in page]
                    self.assertEqual(found, self.expected(field, descending=bool(sign)))

    def test_previous_walks_back(self):
        for sort, field in (("uses", "uses"), ("-group", "group__sort_name")):
            with self.subTest(sort=sort):
                pages = self.walk(f"?sort={sort}&page=3", "prev")
                expected = self.expected(field, descending=sort.startswith("-"))
                self.assertEqual(pages, [expected[50:], expected[25:50], expected[:25]])

    def test_numbers_lead_to_pages_and_too_high_ones_to_the_last(self):
        expected = self.expected("sort_name")
        for page, rows in (("1", expected[:25]), ("2", expected[25:50]), ("99999", expected[50:])):
            self.assertEqual(names(self.client.get(f"{LIST}?page={page}")), rows)

    def test_sizes_are_25_50_and_100(self):
        self.assertEqual(len(names(self.client.get(LIST))), 25)
        self.assertEqual(len(names(self.client.get(LIST + "?per_page=50"))), 50)
        self.assertEqual(len(names(self.client.get(LIST + "?per_page=100"))), 60)

    def test_what_means_nothing_is_as_if_it_were_absent(self):
        first = names(self.client.get(LIST))
        long, nul = "x" * 3000, "%00"
        values = ("", "-1", "0", "abc", "1.5", "1e9", "9" * 400, "٣", "all", nul, long, "WzEsMl0", "e30", "%FF", "-")
        # No parameter here hides another one of its group: a list reads one of page, after and before.
        together = (("page", "per_page", "expand"), ("after", "sort", "collapse"), ("before", "unknown"))
        for names_of_group in together:
            for value in values:
                given = [name for name in names_of_group if (name, value) != ("page", "9" * 400)]
                with self.subTest(names=given, value=value[:20]):
                    response = self.client.get(f"{LIST}?{'&'.join(f'{name}={value}' for name in given)}")
                    self.assertEqual(response.status_code, 200)
                    self.assertEqual(names(response), first)

    def test_a_cursor_that_the_database_would_refuse_is_dropped(self):
        first = names(self.client.get(LIST))
        bad = (
            ["zz\0", 1],
            ["z\ud800", 1],
            ["zz", 2**70],
            ["zz", -1],
            ["zz", True],
            ["zz"],
            {"a": 1},
            [None, 1],
            [[1], 1],
        )
        for document in bad:
            with self.subTest(document=document):
                self.assertEqual(names(self.client.get(f"{LIST}?after={cursor_of(document)}")), first)
        for sort, document in (("uses", ["x", 1]), ("created", ["yesterday", 1]), ("created", ["9999-12-31", 1])):
            self.assertEqual(self.client.get(f"{LIST}?sort={sort}&after={cursor_of(document)}").status_code, 200)

    def test_a_cursor_behind_the_last_row_leads_to_the_last_page(self):
        self.assertEqual(
            names(self.client.get(f"{LIST}?after={cursor_of(['zzz', 1])}")), self.expected("sort_name")[50:]
        )


class Promises(PortalTestCase):
    def setUp(self):
        self.sign_in("olga")

    def make(self, count):
        group = make_group()
        return [make_key(group=group, viewable=bool(number % 3)) for number in range(count)]

    def queries(self, query=""):
        with CaptureQueriesContext(connection) as captured:
            self.client.get(LIST + query)
        return [query["sql"] for query in captured.captured_queries]

    def test_no_page_takes_more_than_five_queries_and_more_rows_take_no_more(self):
        self.make(3)
        few = {query: len(self.queries(query)) for query in ("", "?expand=all", "?sort=group&per_page=100")}
        self.make(30)
        for query, count in few.items():
            self.assertEqual(len(self.queries(query)), count)
            self.assertLessEqual(count, QUERIES_OF_SIGN_IN + 5)
        (after,) = links(self.client.get(LIST + "?sort=uses"), "a[rel=next]")
        (before,) = links(self.client.get(LIST + after), "a[rel=prev]")
        for query in (after, before, "?page=2"):
            self.assertLessEqual(len(self.queries(query)), QUERIES_OF_SIGN_IN + 5)

    def test_no_secret_column_is_read(self):
        self.make(2)
        for sql in self.queries("?expand=all"):
            for column in ("sealed_token", "fingerprint", "pepper_id", "sealed_private_key", '"der"'):
                self.assertNotIn(column, sql)

    def test_f16_no_page_of_the_list_holds_a_byte_of_a_secret(self):
        made = self.make(4)
        use_up(made[1][0])
        for user in ("olga", "ada", "sue", "vic"):
            self.sign_in(user)
            for query in ("", "?expand=all", "?sort=-created&per_page=100"):
                page = self.client.get(LIST + query).content.decode()
                for key, text in made:
                    secret = text.removeprefix(key.token_head).removesuffix("==").removesuffix(key.token_tail)
                    for start in range(0, len(secret) - 8, 8):
                        self.assertNotIn(secret[start : start + 8], page)
