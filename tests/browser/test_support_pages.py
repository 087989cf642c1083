"""F51, F52, F53 for /admin/: axe finds nothing, the policy refuses nothing, the console stays empty, whoever looks."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Page

from tests.browser.support_states import NOT_PAGES, Visit, names, visits
from tests.browser.test_accessibility import faults_in_every_look
from tests.browser.world import build
from tests.support.live import PASSWORD

pytestmark = pytest.mark.browser

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
    "enrollment_serviceedge": ServiceEdge.objects.get(name="kind full-1"),
    "enrollment_issuedcertificate": IssuedCertificate.objects.get(edge__name="kind full-1"),
    "portal_auditevent": AuditEvent.objects.get(action="edge.enrolled", object_name="kind full-1"),
}}
other = {{
    "keys_provisioningkey": ProvisioningKey.objects.get(name="vendor key"),
    "keys_serviceedgegroup": ServiceEdgeGroup.objects.get(name="Empty"),
    "keys_signingcertificate": certificates.get(name="Ended"), "auth_user": User.objects.get(username="admin"),
    "portal_auditevent": AuditEvent.objects.filter(action="key.created").first(),
}}
print(json.dumps({{"one": {{k: v.pk for k, v in one.items()}}, "other": {{k: v.pk for k, v in other.items()}}}}))
"""


@pytest.fixture(scope="module")
def world(stage, browser, signed_in):
    return build(stage, browser, signed_in)


@pytest.fixture(scope="module")
def ids(stage, world) -> dict[str, dict[str, int]]:
    return json.loads(stage.live.manage("shell", "--verbosity", "0", "-c", _PEOPLE_AND_IDS))


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
            send.first.click()
            page.wait_for_load_state()
    return status


@pytest.mark.parametrize("who", ["admin", "ada", "sam"])
@pytest.mark.parametrize("visit", visits(), ids=lambda visit: visit.id)
def test_f51_every_support_page_is_clean_for_everybody(open_page, world, ids, visit, who):
    page = open_page("about:blank", storage_state=world.cookies_of(who))
    status = reach(page, visit, ids)
    # Refusals are the portal's own error page, which has its states among the portal's pages.
    assert status in {200, 403, 404}
    if status == 200:
        assert faults_in_every_look(page) == []
    else:
        assert who == "sam" or page.get_by_role("heading", name="You may not do this").is_visible()


def test_f51_no_support_address_is_without_a_visit():
    assert set(names()) == {visit.name for visit in visits()} | set(NOT_PAGES)


def test_a_key_text_in_a_search_does_not_leave_the_page(stage, open_page, world):
    text = stage.create_key("astray")
    page = open_page("/admin/keys/provisioningkey/")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.get_by_role("searchbox", name="Search").fill(text)
    page.get_by_role("status").get_by_text("That was the text of a key").wait_for()
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name="astray").wait_for()
    assert not [url for url in asked if "PSEK" in url]
    assert len(page.url.rpartition("q=")[2]) == 32


def test_without_javascript_the_server_leads_it_away(stage, open_page, world):
    text = stage.create_key("astray too")
    page = open_page("/admin/keys/provisioningkey/", java_script_enabled=False)
    page.get_by_role("searchbox", name="Search").fill(text)
    page.get_by_role("button", name="Search").click()
    assert "PSEK" not in page.url
    assert text not in page.content()
    page.get_by_role("list").get_by_text("That was the text of a key").get_by_role("link").click()
    assert page.get_by_role("link", name="astray too").is_visible()
