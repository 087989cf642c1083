"""F51, F52, F53 for /admin/: axe finds nothing, the policy refuses nothing, the console stays empty."""

from __future__ import annotations

from copy import copy
from urllib.parse import parse_qs, urlsplit

import pytest
from bs4 import BeautifulSoup
from playwright.sync_api import expect

from tests.browser.looks import DESK, PHONE, faults
from tests.browser.support_states import NOT_PAGES, names, visits
from tests.browser.support_visits import ids_of, require_clean, structure
from tests.browser.world import build

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def world(stage, browser, signed_in):
    return build(stage, browser, signed_in)


@pytest.fixture(scope="module")
def ids(stage, world):
    return ids_of(stage.manage)


@pytest.mark.parametrize("visit", visits(), ids=lambda visit: visit.id)
def test_f51_every_support_page_is_clean(page_as, world, ids, visit):
    require_clean(page_as, world, ids, visit, "admin", [(DESK, "light"), (PHONE, "dark")])


# Looks are those of the superuser's pages, which have all. Support may only look, so its pages are others; those of an
# administrator are the superuser's, but that nobody there is a superuser. A list that found nothing, or is sorted by
# another head, has the parts that it has for the superuser: what others lack is missing from the list as it opens.
MINE = [visit for visit in visits() if "?q=nothing" not in visit.path and "?o=" not in visit.path]
VISITS = [("sam", visit) for visit in MINE] + [("ada", each) for each in MINE if "auth_user" in each.name]


@pytest.mark.parametrize(("who", "visit"), VISITS, ids=lambda value: getattr(value, "id", value))
def test_f51_every_support_page_is_clean_for_its_people(page_as, world, ids, visit, who):
    require_clean(page_as, world, ids, visit, who, [(PHONE, "light")])


def test_f51_a_page_is_looked_at_again_when_one_of_its_rows_differs(page_as, world):
    page = page_as(world.cookies_of("admin"), DESK)
    body = BeautifulSoup(page.request.get("/admin/keys/serviceedgegroup/").text(), "html.parser").body
    row = body.select("#result_list tbody tr")[-1]
    known = structure(body)
    row.a.string = "another name"
    row.insert_after(copy(row))
    assert structure(body) == known
    row.a["role"] = "button"
    assert structure(body) != known


def test_f51_a_form_that_was_kept_through_sign_in_is_clean(page_as, world):
    page = page_as(world.cookies_of("admin"), DESK)
    page.goto("/admin/keys/serviceedgegroup/add/")
    page.get_by_label("Name:").fill("typed before")
    cookies = page.context.cookies()
    page.context.clear_cookies(name="session")
    page.get_by_role("button", name="Save", exact=True).click()
    onward = page.get_by_role("link", name="Sign in").get_attribute("href")
    page.context.add_cookies(cookies)
    page.goto(parse_qs(urlsplit(onward).query)["next"][0])
    expect(page.get_by_text("This is what you typed. It is not stored yet")).to_be_visible()
    expect(page.get_by_label("Name:")).to_have_value("typed before")
    assert faults(page, [(DESK, "light"), (PHONE, "dark")]) == []


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


def test_the_field_of_a_group_suggests_names_and_asks_for_no_key_text(open_page, world):
    page = open_page("/admin/keys/provisioningkey/add/")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    field = page.get_by_label("Group:")
    field.fill(f"1|api.example.com|PSEK{'A' * 60}")
    # Longer than the pause after which the field asks.
    page.wait_for_timeout(400)
    # In full, because groups of other modules may have a name with a part of it.
    with page.expect_response(lambda answer: "q=london" in answer.url):
        field.fill("london")
    expect(page.locator("#groups option")).to_have_count(1)
    expect(page.locator("#groups option")).to_have_attribute("value", "London")
    assert not [address for address in asked if "PSEK" in address]


def test_without_javascript_the_server_leads_it_away(stage, open_page, world):
    text = stage.create_key("astray too")
    page = open_page("/admin/keys/provisioningkey/", java_script_enabled=False)
    page.get_by_role("searchbox", name="Search").fill(text)
    page.get_by_role("button", name="Search").click()
    search = page.get_by_role("list").get_by_text("That was the text of a key").get_by_role("link")
    search.wait_for()
    page.wait_for_load_state()
    assert "PSEK" not in page.url
    assert text not in page.content()
    search.click()
    page.get_by_role("link", name="astray too").wait_for()
