"""Pages are compressed only for requests of the same site, and never with a key's text."""

from __future__ import annotations

import gzip

import pytest
from django.conf import settings
from django.urls import reverse

from tests.base import PortalTestCase
from tests.factories import make_key

pytestmark = pytest.mark.once

LIST = "/service-edge-keys/"


class Compression(PortalTestCase):
    def setUp(self):
        self.sign_in("olga")
        self.key, self.text = make_key("Oregon", max_uses=5)

    def ask(self, path=LIST, site="same-origin", method="get", **data):
        headers = {"Accept-Encoding": "gzip, br", **({"Sec-Fetch-Site": site} if site else {})}
        return getattr(self.client, method)(path, data, headers=headers)

    def test_f54_a_page_that_the_portal_or_a_person_asks_for_is_compressed(self):
        for site in ("same-origin", "none"):
            page = self.ask(site=site)
            self.assertEqual(page["Content-Encoding"], "gzip")
            self.assertIn(b"Service Edge Keys", gzip.decompress(page.content))
            self.assertIn("Accept-Encoding", page["Vary"])

    def test_another_site_learns_nothing_from_the_length(self):
        for site in ("cross-site", "same-site", ""):
            page = self.ask(site=site)
            self.assertNotIn("Content-Encoding", page)
            self.assertContains(page, "Oregon")

    def test_the_length_of_one_page_varies_and_so_does_its_token(self):
        self.assertGreater(len({len(self.ask().content) for _ in range(8)}), 1)
        tokens = {gzip.decompress(self.ask().content).split(b'csrfmiddlewaretoken" value="')[1][:64] for _ in range(3)}
        self.assertEqual(len(tokens), 3)

    def test_an_answer_with_the_text_of_a_key_is_never_compressed(self):
        reveal = self.ask(f"{LIST}{self.key.pk}/reveal/", method="post", **{"for": "show"})
        self.assertEqual(reveal.content.decode(), self.text)
        fields = {"name": "fresh", "max_uses": 1, "new_group": "Rome", "viewable": "on", "enabled": "on"}
        fields["signing_certificate"] = self.key.signing_certificate_id
        created = self.ask(f"{LIST}add/", method="post", **fields)
        self.assertContains(created, 'id="provisioning-key"')
        for answer in (reveal, created, self.ask(f"{LIST}{self.key.pk}/download/", method="post")):
            self.assertNotIn("Content-Encoding", answer)

    def test_it_stands_where_every_body_passes_and_static_files_do_not(self):
        order = [name.rpartition(".")[2] for name in settings.MIDDLEWARE]
        self.assertEqual(order.index("CompressionMiddleware"), order.index("WhiteNoiseMiddleware") + 1)
        self.assertNotIn("Content-Encoding", self.ask(reverse("healthz")))
