"""How a test gets to a page of the support site, as whom, and what it asks of every one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable

from playwright.sync_api import Page

from tests.browser.looks import DESK, Look, faults
from tests.browser.support_states import Visit
from tests.browser.world import World
from tests.support.live import PASSWORD

_PEOPLE_AND_IDS = f"""
import json
from django.contrib.admin.models import LogEntry
from enrollment.models import IssuedCertificate, ServiceEdge
from keys.models import ProvisioningKey, ServiceEdgeGroup, SigningCertificate
from portal.models import AuditEvent
from tests.base import make_user, User
from tests.factories import make_group
for name in ("ada", "sam"):
    user = User.objects.filter(username=name).first() or make_user(name)
    user.set_password({PASSWORD!r})
    user.save()
own = ProvisioningKey.objects.get(name="kind full")
if not ServiceEdgeGroup.objects.filter(name="Empty").exists():
    make_group("Empty")
certificates = SigningCertificate.objects
one = {{
    "keys_provisioningkey": own, "keys_serviceedgegroup": own.group,
    "keys_signingcertificate": certificates.get(name="Service Edge"), "auth_user": User.objects.get(username="ada"),
    "enrollment_serviceedge": ServiceEdge.objects.filter(name="kind full-1").latest("pk"),
    "enrollment_issuedcertificate": IssuedCertificate.objects.filter(edge__name="kind full-1").latest("pk"),
    "portal_auditevent": AuditEvent.objects.filter(action="edge.enrolled", object_name="kind full-1").latest("pk"),
}}
other = {{
    "keys_provisioningkey": ProvisioningKey.objects.get(name="vendor key"),
    "keys_serviceedgegroup": ServiceEdgeGroup.objects.get(name="Empty"),
    "keys_signingcertificate": certificates.get(name="Ended"), "auth_user": User.objects.get(username="admin"),
    "portal_auditevent": AuditEvent.objects.filter(action="key.created").first(),
}}
print(json.dumps({{"one": {{k: v.pk for k, v in one.items()}}, "other": {{k: v.pk for k, v in other.items()}}}}))
"""


def ids_of(manage: Callable[..., str]) -> dict[str, dict[str, int]]:
    """The records to visit, by kind; makes the people and records that the world lacks."""
    return json.loads(manage("shell", "--verbosity", "0", "-c", _PEOPLE_AND_IDS))


def reach(page: Page, visit: Visit, ids: dict[str, dict[str, int]]) -> int:
    """Go there; the status of the answer."""
    model = "_".join(visit.path.split("/")[2:4])
    record = ids[visit.record].get(model, ids["one"].get(model)) if visit.record else ""
    answer = page.goto(visit.path.replace("*", str(record)))
    status = answer.status if answer else 0
    if visit.fill and status == 200:
        for name, value in visit.fill.items():
            if page.locator(f"#id_{name}").count():
                page.fill(f"#id_{name}", value)
        send = page.locator(".submit-row input[type=submit]")
        # Whoever may only look has no form to send.
        if send.count():
            # The server finds the errors, not the browser.
            page.locator("form:has(.submit-row)").evaluate("form => { form.noValidate = true; }")
            with page.expect_navigation():
                send.first.click()
    return status


def require_clean(
    page_as: Callable[..., Page], world: World, ids: dict, visit: Visit, who: str, looks: Iterable[Look]
) -> None:
    """The page answers, and nothing is wrong with it; conftest.py looks at policy and console."""
    page = page_as(world.cookies_of(who), DESK)
    status = reach(page, visit, ids)
    # Refusals are the portal's own error page, which has its states among the portal's pages.
    assert status in {200, 403, 404}
    if status == 200:
        assert faults(page, looks) == []
    else:
        assert who == "sam" or page.get_by_role("heading", name="You don't have access").count()
