"""Filtering the keys in a real browser. What the server makes alone, as links: tests/keys/pages/test_key_filters.py."""

from __future__ import annotations

import re
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser
LIST = "/service-edge-keys/"


@pytest.fixture(scope="module", autouse=True)
def keys(stage):
    for name, group in (("filter lab one", "Filter town"), ("filter lab two", "Filter town"), ("filter bar", "London")):
        stage.create_key(name, group=group)
    stage.enroll(stage.create_key("filter full", max_uses=1))
    stage.create_keys([f"seven {number:02}" for number in range(30)])


@pytest.fixture
def page(open_page):
    return open_page()


either_way = pytest.mark.parametrize("scripts", [True, False], ids=["with-js", "without-js"])


def rows(page):
    return page.locator("tr.row > th > a")


def open_filter(page, name):
    page.get_by_role("button", name="Filter", exact=True).click()
    page.locator("#filter-menu summary", has_text=re.compile(f"^{name}$")).click()


def chips(page):
    return page.get_by_role("list", name="Applied filters").get_by_role("listitem")


def count(page):
    return page.locator("p.count[role=status]")


def test_f05_nothing_is_filtered_by_default(page):
    expect(chips(page)).to_have_count(0)
    expect(count(page)).to_have_text(re.compile(r"^\d+ keys$"))
    expect(page.get_by_label("Search")).to_have_value("")
    values = page.locator("[form=filters]:is(input, select), #id_q").evaluate_all(
        "all => all.map((each) => each.value)"
    )
    assert len(values) >= 9
    assert set(values) == {""}
    shown = re.search(r"of (\d+)", page.locator(".pager p").text_content())[1]
    expect(count(page)).to_have_text(f"{shown} keys")


def test_f06_f10_a_filter_is_a_chip_that_is_counted_and_removed(page):
    page.get_by_label("Search").fill("filter ")
    open_filter(page, "Group")
    page.get_by_label("Group, name or id").fill("Filter town")
    page.get_by_label("Group, name or id").press("Enter")
    expect(chips(page)).to_have_text([re.compile("Search: filter"), re.compile("Group: Filter town")])
    expect(count(page)).to_have_text(re.compile(r"^2 of \d+ keys$"))
    expect(rows(page)).to_have_text(["filter lab one", "filter lab two"])
    page.get_by_role("link", name="Remove filter Group: Filter town").click()
    expect(count(page)).to_have_text(re.compile(r"^4 of \d+ keys$"))
    page.get_by_role("link", name="Clear all").click()
    expect(page).to_have_url(re.compile(rf"{LIST}\??$"))
    expect(chips(page)).to_have_count(0)


def test_f06_removing_a_chip_drops_its_parameter_and_the_page_and_nothing_else(open_page):
    page = open_page(f"{LIST}?q=seven&group=London&usage=unused&sort=-name&page=2&per_page=25")
    expect(rows(page)).to_have_count(5)
    page.get_by_role("link", name="Remove filter Utilization: Never used").click()
    expect(page).to_have_url(re.compile(rf"{LIST}\?q=seven&group=London&sort=-name$"))
    expect(rows(page).first).to_have_text("seven 29")
    page.get_by_role("link", name="Clear all").click()
    expect(page).to_have_url(re.compile(rf"{LIST}\?sort=-name$"))


def test_f07_page_and_single_open_rows_are_in_the_address(open_page):
    addresses = set()
    for scripts in (True, False):
        page = open_page(f"{LIST}?q=seven&sort=-name&page=2", java_script_enabled=scripts)
        page.get_by_role("button", name="Details for seven 03").click()
        expect(page.locator("tr.details:visible")).to_have_count(1)
        expect(page).to_have_url(re.compile("expand="))
        addresses.add(page.url)
    # One address, whoever wrote it: opening it once in each browser is enough.
    (address,) = addresses
    for scripts in (True, False):
        other = open_page(address, java_script_enabled=scripts)
        for each in (other, page):
            expect(rows(each)).to_have_text([f"seven 0{number}" for number in (4, 3, 2, 1, 0)])
        expect(other.get_by_role("button", name="Details for seven 03")).to_have_attribute("aria-expanded", "true")
        expect(other.locator("tr.details:visible")).to_have_count(1)
        expect(other.locator(".pager [aria-current=page]")).to_have_text("2")


def test_f07_the_address_holds_everything(open_page):
    for scripts in (True, False):
        page = open_page(f"{LIST}?q=filter&sort=-created&per_page=50&expand=all", java_script_enabled=scripts)
        expect(rows(page)).to_have_text(["filter full", "filter bar", "filter lab two", "filter lab one"])
        expect(page.get_by_role("button", name="Collapse all")).to_be_visible()
        expect(page.locator("tr.details:visible")).to_have_count(4)


@either_way
def test_f08_a_bad_address_is_explained(open_page, scripts):
    page = open_page(f"{LIST}?group=nowhere&q=filter", java_script_enabled=scripts)
    expect(page).to_have_title(re.compile("^Error: "))
    expect(page.get_by_role("alert")).to_be_focused()
    expect(page.get_by_role("alert")).to_contain_text("“Group” has a value that does not exist: “nowhere”.")
    expect(rows(page)).to_have_count(0)
    page.get_by_role("alert").get_by_role("link").click()
    expect(page.get_by_label("Group 1, name or id")).to_have_value("nowhere")
    page.get_by_role("link", name="Clear all filters").click()
    expect(rows(page).first).to_be_visible()


def test_f08_no_address_breaks_the_page(open_page, stage):
    """What the server answers to each value alone: `tests/keys/pages/test_key_list.py`, `test_key_filters.py` there."""
    lenient = "per_page=-1&page=abc&sort=bogus&after=%FF&before=%00&expand=%00&collapse=x"
    # In a page that is open already: opening the address with it gives no answer to look at.
    page = open_page("/preferences/")
    assert page.goto(f"{LIST}?{lenient}").status == 200
    expect(rows(page)).to_have_count(25)
    refused = f"group=abc&q={'x' * 3000}&usage=%00&cert=%00&created_after=%00"
    assert page.goto(f"{LIST}?{refused}").status == 200
    assert rows(page).count() == 0
    expect(page.get_by_role("alert")).to_contain_text("No keys are shown until this is fixed.")
    # Longer than the server's line: refused before the portal sees it, and not by a fault.
    with pytest.raises(HTTPError) as refusal:
        urlopen(f"{stage.url}{LIST}?q={'x' * 5000}")
    assert 400 <= refusal.value.code < 500


def test_f09_a_head_opens_a_sorted_tab_and_its_icon_shows_the_way(open_page):
    page = open_page()
    head = page.get_by_role("columnheader", name="Name")
    with page.context.expect_page() as opened:
        head.get_by_role("link").click(button="middle")
    other = opened.value
    expect(other).to_have_url(re.compile(rf"{LIST}\?sort=-name$"))
    expect(other.locator("th[aria-sort]")).to_have_attribute("aria-sort", "descending")
    expect(page.locator("th[aria-sort]")).to_have_attribute("aria-sort", "ascending")
    shapes = [
        each.locator("use").get_attribute("href").partition("#")[2]
        for each in (
            head,
            other.get_by_role("columnheader", name="Name"),
            page.get_by_role("columnheader", name="Maximum"),
        )
    ]
    assert shapes == ["arrow-up", "arrow-down", "chevrons-up-down"]


def test_f09_sorting_keeps_the_filters(open_page):
    page = open_page(f"{LIST}?q=filter")
    page.get_by_role("columnheader", name="Name").get_by_role("link").click()
    expect(rows(page)).to_have_text(["filter lab two", "filter lab one", "filter full", "filter bar"])
    expect(page.locator("th[aria-sort]")).to_have_count(1)
    expect(page.get_by_role("columnheader", name="Name")).to_have_attribute("aria-sort", "descending")


def test_f44_no_match_leads_back(open_page):
    page = open_page(f"{LIST}?q=nothing+has+this+name")
    expect(page.get_by_role("heading", name="No keys match these filters")).to_be_visible()
    expect(count(page)).to_have_text(re.compile(r"^0 of \d+ keys$"))
    page.get_by_role("link", name="Clear all filters").click()
    expect(rows(page).first).to_be_visible()


def test_a_choice_applies_at_once_and_leaves_no_empty_values_in_the_address(open_page):
    page = open_page()
    open_filter(page, "Utilization")
    page.get_by_label("Utilization", exact=True).select_option("At limit")
    expect(page).to_have_url(re.compile(rf"{LIST}\?usage=full$"))
    expect(chips(page)).to_have_text([re.compile("Utilization: At limit")])


def test_a_group_beyond_the_first_fifty_is_suggested_while_it_is_typed(open_page, stage):
    names = [f"Aaa {number:02}" for number in range(50)]
    stage.shell(f"from tests.factories import make_group\nfor each in {names!r}: make_group(each)")
    page = open_page()
    open_filter(page, "Group")
    options = page.locator("#group-names option")
    assert "Filter town" not in options.evaluate_all("all => all.map((each) => each.value)")
    page.get_by_label("Group, name or id").press_sequentially("filt")
    expect(options).to_have_count(1)
    expect(options).to_have_attribute("value", "Filter town")


@either_way
def test_applying_starts_at_the_first_page_and_keeps_order_and_size(open_page, scripts):
    page = open_page(f"{LIST}?sort=-name&per_page=50&page=7", java_script_enabled=scripts)
    page.get_by_label("Search").fill("filter lab")
    page.get_by_label("Search").press("Enter")
    expect(rows(page)).to_have_text(["filter lab two", "filter lab one"])
    assert "page=7" not in page.url
    assert "per_page=50" in page.url
