"""Filtering the keys in a real browser, with JavaScript and without."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser
LIST = "/service-edge-keys/"


@pytest.fixture(scope="module", autouse=True)
def keys(stage):
    for name, group in (("filter lab one", "Filter town"), ("filter lab two", "Filter town"), ("filter bar", "London")):
        stage.create_key(name, group=group)
    stage.enroll(stage.create_key("filter full", max_uses=1))


@pytest.fixture(params=[True, False], ids=["with-js", "without-js"])
def page(open_page, request):
    return open_page(java_script_enabled=request.param)


def rows(page):
    return page.get_by_role("rowheader").all_inner_texts()


def chips(page):
    return page.get_by_role("list", name="Applied filters").get_by_role("listitem")


def count(page):
    return page.locator("p.count[role=status]")


def test_f05_nothing_is_filtered_by_default(page):
    expect(chips(page)).to_have_count(0)
    expect(count(page)).to_have_text(re.compile(r"^\d+ keys$"))
    expect(page.get_by_label("Name contains")).to_have_value("")
    expect(page.get_by_label("Utilization")).to_have_value("")


def test_f06_f10_a_filter_is_a_chip_that_is_counted_and_removed(page):
    page.get_by_label("Name contains").fill("filter ")
    page.get_by_text("More filters").click()
    page.get_by_label("Group, name or id").fill("Filter town")
    page.get_by_role("button", name="Apply").click()
    expect(chips(page)).to_have_text([re.compile("Name contains: filter"), re.compile("Group: Filter town")])
    expect(count(page)).to_have_text(re.compile(r"^2 of \d+ keys$"))
    assert rows(page) == ["filter lab one", "filter lab two"]
    expect(page.get_by_text("More filters (1)")).to_be_visible()
    page.get_by_role("link", name="Remove filter Group: Filter town").click()
    expect(count(page)).to_have_text(re.compile(r"^4 of \d+ keys$"))
    page.get_by_role("link", name="Clear all").click()
    expect(page).to_have_url(re.compile(rf"{LIST}\??$"))
    expect(chips(page)).to_have_count(0)


def test_f07_the_address_holds_everything(page, open_page):
    page.goto(f"{LIST}?q=filter&sort=-created&per_page=50&expand=all")
    other = open_page(page.url)
    assert rows(other) == rows(page) == ["filter full", "filter bar", "filter lab two", "filter lab one"]
    for each in (page, other):
        expect(each.get_by_role("button", name="Collapse all")).to_be_visible()
        expect(each.locator("tr.details:visible")).to_have_count(4)


def test_f08_a_bad_address_is_explained(page):
    page.goto(f"{LIST}?group=nowhere&q=filter")
    expect(page).to_have_title(re.compile("^Error: "))
    expect(page.get_by_role("alert")).to_be_focused()
    expect(page.get_by_role("alert")).to_contain_text("“Group” has a value that does not exist.")
    assert rows(page) == []
    page.get_by_role("alert").get_by_role("link").click()
    expect(page.get_by_label("Group 1, name or id")).to_have_value("nowhere")
    page.get_by_role("link", name="Clear all filters").click()
    expect(page.get_by_role("rowheader").first).to_be_visible()


def test_f09_sorting_keeps_the_filters(page):
    page.goto(f"{LIST}?q=filter")
    page.get_by_role("columnheader", name="Name").get_by_role("link").click()
    assert rows(page) == ["filter lab two", "filter lab one", "filter full", "filter bar"]
    expect(page.locator("th[aria-sort]")).to_have_count(1)
    expect(page.get_by_role("columnheader", name="Name")).to_have_attribute("aria-sort", "descending")


def test_f44_no_match_leads_back(page):
    page.goto(f"{LIST}?q=nothing+has+this+name")
    expect(page.get_by_role("heading", name="No keys match these filters")).to_be_visible()
    expect(count(page)).to_have_text(re.compile(r"^0 of \d+ keys$"))
    page.get_by_role("link", name="Clear all filters").click()
    expect(page.get_by_role("rowheader").first).to_be_visible()


def test_a_choice_applies_at_once_and_leaves_no_empty_values_in_the_address(open_page):
    page = open_page()
    page.get_by_label("Utilization").select_option("At limit")
    expect(page).to_have_url(re.compile(rf"{LIST}\?usage=full$"))
    expect(chips(page)).to_have_text([re.compile("Utilization: At limit")])


def test_applying_starts_at_the_first_page_and_keeps_order_and_size(page):
    page.goto(f"{LIST}?sort=-name&per_page=50&page=7")
    page.get_by_label("Name contains").fill("filter lab")
    page.get_by_role("button", name="Apply").click()
    assert rows(page) == ["filter lab two", "filter lab one"]
    assert "page=7" not in page.url
    assert "per_page=50" in page.url
