"""Across modules: every page that reads audit events shows those that somebody wrote behind the portal.

Their details may hold anything. What the portal never writes is shown as it is, and no page fails.
"""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

from django.contrib import admin
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from enrollment.models import ServiceEdge
from enrollment.operations import enroll
from portal import audit
from portal.audit_actions import DETAIL_FIELDS, Action
from portal.models import AuditEvent
from tests.base import PortalTestCase
from tests.factories import ACTOR, EDGE, make_csr, make_key
from tests.support.html import parsed, texts

_MOMENTS = ["9999-12-31T23:59:59+00:00", "0001-01-01T00:00:00+00:00"]
# JSON as a writer of rows may store it.
ODD = [
    "null", "true", "-1", "1.5", "9" * 4_000, "1e400", "9" * 5_000, '""', '"<b>x</b>"', '"9e999999999"', '"Infinity"',
    json.dumps(_MOMENTS[0]), json.dumps(_MOMENTS), '"2026-01-01"', "[]", "{}", "[1]", "[1, 2]", "[null, {}]",
    "[[1], [2], 3]", '{"a": {"b": [1]}}', "[" * 900 + "]" * 900,
]  # fmt: skip
# PostgreSQL has no halves of characters, and SQLite no JSON that is nested as deeply.
if connection.vendor == "sqlite":
    ODD += [r'"\ud800"', r'["\ud800", "x"]', r'{"\ud800": 1}']
else:
    ODD += ["[" * 3_000 + "]" * 3_000]


class ForgedEventTests(PortalTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        cls.key, text = make_key("Forged")
        enroll(text, make_csr(), caller=EDGE)
        cls.edge = ServiceEdge.objects.get()
        audit.record(Action.EDGE_REFUSED, EDGE, audit.Subject("key", str(cls.key.pk), "Forged"), reason="key_exhausted")
        audit.record(Action.KEY_EDITED, ACTOR, audit.Subject("key", str(cls.key.pk), "Forged"))
        audit.record(Action.EDGE_REVOKED, ACTOR, audit.Subject("edge", str(cls.edge.uuid), "Forged-1"))
        actions = [Action.EDGE_ENROLLED, Action.EDGE_REFUSED, Action.KEY_EDITED, Action.EDGE_REVOKED]
        honest = list(AuditEvent.objects.filter(action__in=actions))
        for odd in ODD:
            for event in honest:
                fields = DETAIL_FIELDS[event.action.partition(".")[0]]
                cls.forge(event.pk, odd)
                cls.forge(event.pk, f"{{{', '.join(f'{json.dumps(field)}: {odd}' for field in sorted(fields))}}}")

    @classmethod
    def forge(cls, pk: int, detail: str) -> None:
        """Copy an event with another detail."""
        columns = ", ".join(
            field.column for field in AuditEvent._meta.concrete_fields if field.name not in {"id", "detail"}
        )
        as_json = "%s::jsonb" if connection.vendor == "postgresql" else "%s"
        statement = f"INSERT INTO portal_auditevent ({columns}, detail) SELECT {columns}, {as_json} "  # constants
        with connection.cursor() as cursor:
            cursor.execute(f"{statement} FROM portal_auditevent WHERE id = %s", [detail, pk])

    def get(self, address: str, **query: Any) -> Any:
        response = self.client.get(address, query)
        self.assertEqual(response.status_code, 200, address)
        return response

    def test_the_audit_log_shows_and_downloads_all(self) -> None:
        self.sign_in("ada")
        address, rows = "/audit-log/?per_page=100&expand=all", 0
        while address:
            page = parsed(self.get(address))
            rows += len(page.select("tbody.record"))
            address = next((f"/audit-log/{link['href']}" for link in page.select("a[rel=next]")), "")
        self.assertEqual(rows, AuditEvent.objects.count())
        downloaded = b"".join(self.get("/audit-log/", format="csv").streaming_content)
        self.assertIn(b"Forged", downloaded)

    def test_timelines_show_all(self) -> None:
        self.sign_in("ada")
        for record in (self.key, self.edge):
            address, pages = record.get_absolute_url(), 0
            while address:
                page = parsed(self.get(address))
                older = [link["href"] for link in page.select("#timeline a[href]") if "Older" in link.text]
                address, pages = older[0] if older else "", pages + 1
            self.assertGreater(pages, 2 * len(ODD) // 20)

    def test_the_dashboard_and_the_list_of_keys_show_the_rest(self) -> None:
        self.sign_in("ada")
        self.get("/")
        shown = texts(self.get("/service-edge-keys/", expand="all"), "table.keys dd a")
        self.assertIn("100 or more in the last 24 hours", shown)

    def test_support_pages_show_each(self) -> None:
        self.sign_in("sam")
        self.get("/admin/portal/auditevent/")
        self.get(f"/admin/keys/provisioningkey/{self.key.pk}/change/")
        events = list(AuditEvent.objects.order_by("pk"))
        support = admin.site.get_model_admin(AuditEvent)
        self.assertNotIn("", [support.details(event) for event in events])
        # Every fifth, among which are all kinds and values.
        for event in events[::5]:
            self.get(f"/admin/portal/auditevent/{event.pk}/change/")

    def test_events_of_nothing_that_exists(self) -> None:
        """Nor do the other columns of such an event keep a page from showing it."""
        self.sign_in("ada")
        # PostgreSQL has no text with a NUL.
        name = "No\0body" if connection.vendor == "sqlite" else "Nobody"
        for kind in ("key", "group", "certificate", "edge", "user", "planet"):
            for object_id in ("abc", "9" * 40, "-1", "1.5", "0x1", " 1", "\N{ARABIC-INDIC DIGIT ONE}"):
                AuditEvent.objects.create(
                    at=timezone.now(), action=f"{kind}.melted", outcome="success", interface="magic",
                    actor_name=name, object_kind=kind, object_id=object_id, object_name="Nowhere",
                )  # fmt: skip
        rows = parsed(self.get("/audit-log/", per_page=100, expand="all")).select("tbody.record")
        self.assertEqual(len([row for row in rows if "Nowhere" in row.text]), 42)
        self.get("/audit-log/", format="csv").getvalue()
        self.get("/")
        for event in AuditEvent.objects.filter(object_name="Nowhere")[::4]:
            self.get(f"/admin/portal/auditevent/{event.pk}/change/")
            self.get("/audit-log/", resource=f"{event.object_kind}:{event.object_id}")

    def test_commands_name_them(self) -> None:
        out = StringIO()
        with self.assertRaises(CommandError):
            call_command("verify_issued", stdout=out, stderr=StringIO())
        self.assertIn("which is missing", out.getvalue())
