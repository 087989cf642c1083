"""How a test gets to a page of the support site, as whom, and what it asks of every one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable

from bs4 import BeautifulSoup, Tag
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


_SEND = ".submit-row input[type=submit]"
# Attributes of which axe asks only whether they say anything.
_WORDS = {"action", "aria-describedby", "aria-labelledby", "for", "href", "id", "name", "src", "title", "value"}
_seen: set[tuple] = set()


def ids_of(manage: Callable[..., str]) -> dict[str, dict[str, int]]:
    """The records to visit, by kind; makes the people and records that the world lacks."""
    return json.loads(manage("shell", "--verbosity", "0", "-c", _PEOPLE_AND_IDS))


def reach(page: Page, path: str, visit: Visit) -> None:
    """Go there; with `fill`, send the form."""
    page.goto(path)
    if visit.fill:
        for name, value in visit.fill.items():
            if page.locator(f"#id_{name}").count():
                page.fill(f"#id_{name}", value)
        # The server finds the errors, not the browser.
        page.locator("form:has(.submit-row)").evaluate("form => { form.noValidate = true; }")
        with page.expect_navigation():
            page.locator(_SEND).first.click()


def structure(part: Tag) -> tuple:
    """What axe judges a part of a page by: two parts alike but for their words are equal, and so are two tables alike
    but for the number of their rows.
    """
    attributes = {name: bool(value) if name in _WORDS else str(value) for name, value in part.attrs.items()}
    children = dict.fromkeys(structure(child) for child in part.find_all(True, recursive=False))
    return part.name, bool(part.get_text(strip=True)), *sorted(attributes.items()), *children


def require_clean(
    page_as: Callable[..., Page], world: World, ids: dict, visit: Visit, who: str, looks: Iterable[Look]
) -> None:
    """The page answers, and nothing is wrong with it; conftest.py looks at policy and console.

    A page with the structure of one that was looked at is not looked at again.
    """
    model = "_".join(visit.path.split("/")[2:4])
    record = ids[visit.record].get(model, ids["one"].get(model)) if visit.record else ""
    path = visit.path.replace("*", str(record))
    page = page_as(world.cookies_of(who), DESK)
    answer = page.request.get(path)
    body = BeautifulSoup(answer.text(), "html.parser").body
    assert body
    # Refusals are the portal's own error page, which has its states among the portal's pages.
    if answer.status != 200:
        assert answer.status in {403, 404}
        assert who == "sam" or [head.text for head in body("h1")] == ["You don't have access"]
        return
    # A page without a form is the same as in the visit that sends nothing.
    if visit.fill and not body.select(_SEND):
        return
    its = structure(body)
    if its not in _seen or visit.fill:
        reach(page, path, visit)
        assert faults(page, looks) == []
        _seen.add(its)
