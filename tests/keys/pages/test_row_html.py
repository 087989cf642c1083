"""A row with substituted values is the row that the template prints."""

from __future__ import annotations

import itertools

from django.template.loader import render_to_string
from django.test.utils import override_script_prefix
from django.utils import timezone
from django.utils.safestring import SafeString

from keys import machines
from keys.models import ProvisioningKey
from keys.pages.key_rows import May, read_all, row_of
from keys.pages.row_html import render_rows
from portal.lists.columns import Cells
from tests.base import PortalTestCase
from tests.factories import expire, make_key
from tests.keys.pages.base import managed_key, use_up
from tests.support.html import links

# Closed rows with all columns, open rows with two columns hidden.
CELLS = (Cells(frozenset(), 7, buttons=True), Cells(frozenset({"group", "uses"}), 5, buttons=True))


class RowHtml(PortalTestCase):
    def keys(self):
        make_key("plain", max_uses=10)
        for uses in (1, 8, 10):
            use_up(make_key(f"used {uses}", max_uses=10)[0], uses)
        make_key("hidden", viewable=False)
        make_key("disabled", enabled=False, allowed_networks=["10.0.0.0/8"])
        expire(make_key("expired")[0])
        use_up(managed_key(), 1)
        ProvisioningKey.objects.filter(name="used 8").update(last_used_at=timezone.now(), last_used_by="<edge> & 100%s")
        return read_all(ProvisioningKey.objects.all())

    def test_each_state_and_role_gives_what_the_template_prints(self):
        for key in self.keys():
            for may in itertools.starmap(May, itertools.product((False, True), repeat=4)):
                for is_open in (False, True):
                    with self.subTest(key=key.name, may=may, is_open=is_open):
                        told = {
                            "open": is_open,
                            "recent": SafeString(machines.answers().recent_use(key.id, key.recent)),
                        }
                        row = {**row_of(key, may, timezone.now()), **told}
                        printed = render_to_string("keys/_key_row.html", {"row": row, **CELLS[is_open]._asdict()})
                        filled = render_rows([key], may, lambda _, is_open=is_open: is_open, CELLS[is_open])
                        self.assertEqual([*filled], [printed])

    def test_links_have_the_script_prefix_of_the_request(self):
        key, _ = make_key("One")
        for prefix in ("/", "/elsewhere/"):
            with override_script_prefix(prefix):
                (row,) = render_rows(
                    read_all(ProvisioningKey.objects.filter(pk=key.pk)), May(1, 1, 1, 1), lambda _: True, CELLS[0]
                )
                self.assertEqual({link.startswith("/elsewhere/") for link in links(row, "a")}, {prefix != "/"})
