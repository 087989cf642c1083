"""Service Edge Keys in a real browser: expand, copy, raise the limit, show, download, delete."""

from __future__ import annotations

import json
import re

import pytest
from django.contrib.auth.models import AnonymousUser
from django.template.loader import render_to_string
from playwright.sync_api import Page, expect

from tests.support.live import PASSWORD

pytestmark = pytest.mark.browser
LIST = "/service-edge-keys/"
IDS: dict[str, str] = {}


@pytest.fixture(scope="module", autouse=True)
def keys(stage):
    """Text by name; `full` has no uses left."""
    texts = {name: stage.create_key(name) for name in ("alpha", "beta", "gamma")}
    texts["full"] = stage.create_key("full", max_uses=1)
    texts["hidden"] = stage.create_key("hidden", viewable=False)
    stage.enroll(texts["full"])
    return texts


def button(page: Page, name: str):
    return page.get_by_role("button", name=name, exact=True)


def details(page: Page, name: str):
    return page.locator(f"#{button(page, f'Details for {name}').get_attribute('aria-controls')}")


def address_of(page: Page, name: str) -> str:
    return page.get_by_role("link", name=name, exact=True).get_attribute("href")


def post(page: Page, address: str) -> int:
    """The status that a forged press of Copy or Download gets."""
    return page.evaluate(
        """async (address) => {
            const body = new FormData(document.getElementById("row-actions"));
            body.append("for", "copy");
            return (await fetch(address, { method: "POST", body })).status;
        }""",
        address,
    )


def clipboard(page: Page) -> str:
    return page.evaluate("navigator.clipboard.readText()")


class TestExpanding:
    def test_f01_a_row_opens_and_closes_in_place_and_keeps_the_focus(self, page):
        toggle = button(page, "Details for alpha")
        assert re.fullmatch(r"d-\d+", details(page, "alpha").get_attribute("id"))
        expect(details(page, "alpha")).to_be_hidden()
        for key, open_now in (("Enter", True), ("Space", False), ("Space", True)):
            toggle.press(key)
            expect(toggle).to_have_attribute("aria-expanded", str(open_now).lower())
            expect(details(page, "alpha")).to_be_visible(visible=open_now)
            expect(toggle).to_be_focused()
        expect(details(page, "beta")).to_be_hidden()
        expect(page).to_have_url(re.compile(r"\?expand=\d+$"))

    @pytest.mark.parametrize("link", ["Service Edge", "Signing Certificate"])
    def test_f03_the_panel_leads_to_the_certificate(self, page, link):
        button(page, "Details for alpha").click()
        details(page, "alpha").get_by_role("link", name=link, exact=True).click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Service Edge")
        facts = page.get_by_role("region", name="Certificate", exact=True)
        for fact in ("CN=Service Edge", "CN=Root", "Valid from", "Valid until", "SHA-256 fingerprint"):
            expect(facts.get_by_text(fact).first).to_be_visible()
        expect(facts.locator("code").last).to_have_text(re.compile("^([0-9A-F]{2}:){31}[0-9A-F]{2}$"))

    def test_f02_all_rows_open_at_once_and_the_address_remembers(self, page):
        button(page, "Expand all").click()
        expect(page).to_have_url(re.compile(r"\?expand=all$"))
        for state in ("pressed", "reloaded", "back"):
            if state == "reloaded":
                page.reload()
            if state == "back":
                page.get_by_role("link", name="alpha", exact=True).click()
                expect(page.get_by_role("heading", level=1)).to_have_text("alpha")
                page.go_back()
            expect(button(page, "Collapse all")).to_have_attribute("aria-expanded", "true")
            for row in page.locator("tr.details").all():
                expect(row).to_be_visible()
        button(page, "Collapse all").click()
        expect(button(page, "Expand all")).to_be_visible()
        expect(page.locator("tr.details:visible")).to_have_count(0)

    def test_f02_opening_the_last_row_by_hand_is_all_rows(self, page):
        for toggle in page.get_by_role("button", name=re.compile("^Details for")).all():
            toggle.click()
        expect(button(page, "Collapse all")).to_be_visible()


class TestCopying:
    def test_f11_the_clipboard_holds_exactly_the_text_and_the_button_says_so_for_two_seconds(
        self, open_page, keys, stage
    ):
        page = open_page("about:blank", permissions=["clipboard-read", "clipboard-write"])
        page.clock.install(time="2026-01-01T00:00:00Z")
        page.goto(LIST)
        page.clock.pause_at("2026-01-01T00:10:00Z")
        copied = len(stage.audit("alpha"))
        button(page, "Copy key alpha").click()
        expect(page.locator("#toast[role=status]")).to_have_text("Key copied to clipboard.")
        assert clipboard(page) == keys["alpha"]
        assert keys["alpha"] not in page.content()
        expect(button(page, "Copied")).to_be_focused()
        expect(button(page, "Copy key alpha")).to_have_count(0)
        page.clock.run_for(1_900)
        expect(button(page, "Copied")).to_be_visible()
        page.clock.run_for(200)
        expect(button(page, "Copied")).to_have_count(0)
        expect(button(page, "Copy key alpha")).to_be_focused()
        assert [line[: len("key.copied admin")] for line in stage.audit("alpha")[copied:]] == ["key.copied admin"]

    def test_f13_at_the_limit_copy_is_disabled_and_says_why(self, page):
        page.evaluate("navigator.clipboard.writeText('before')")
        copy = button(page, "Copy key full")
        expect(copy).to_be_disabled()
        expect(copy).to_have_attribute("aria-disabled", "true")
        for press in (lambda: copy.click(force=True), lambda: copy.press("Enter")):
            press()
            expect(page.locator("#toast")).to_have_text("The only use of this key is taken, so it can't be copied.")
        expect(button(page, "Download key full")).to_be_disabled()
        assert clipboard(page) == "before"

    def test_f13_the_warning_beside_opens_a_panel_and_the_server_refuses_too(self, page):
        why = button(page, "Why full cannot be copied")
        beside = button(page, "Copy key full").evaluate("copy => copy.nextElementSibling.getAttribute('aria-label')")
        assert beside == "Why full cannot be copied"
        why.click()
        panel = page.locator("[popover]:popover-open")
        expect(panel).to_contain_text("The only use of this key is taken")
        address = address_of(page, "full")
        link = panel.get_by_role("link", name="Raise the limit")
        expect(link).to_have_attribute("href", f"{address}edit/#id_max_uses")
        assert [post(page, f"{address}{path}") for path in ("reveal/", "download/")] == [409, 409]

    def test_f12_a_key_that_is_not_viewable_offers_nothing(self, page):
        row = page.locator("tbody.record", has=page.get_by_role("link", name="hidden", exact=True))
        button(page, "Details for hidden").click()
        names = row.locator("button, a").evaluate_all(
            "all => all.map((each) => each.getAttribute('aria-label') ?? each.textContent)"
        )
        assert not [name for name in names if name.startswith(("Copy", "Download", "Show"))]
        expect(row.get_by_text(re.compile(r"^Why .* cannot be copied"))).to_have_count(0)
        # What only screen readers say stands in one clipped element; beside it the cell is empty.
        cell = row.locator("td.token")
        assert cell.evaluate("cell => [...cell.children].map((each) => each.className)") == ["sr-only"]
        assert cell.evaluate("cell => cell.textContent.trim() === cell.firstElementChild.textContent")
        assert cell.locator(".sr-only").evaluate("said => said.getBoundingClientRect().width") <= 1
        address = address_of(page, "hidden")
        assert [post(page, f"{address}{path}") for path in ("reveal/", "download/")] == [404, 404]

    def test_f13_the_server_refuses_even_when_the_page_is_old(self, page, stage):
        text = stage.create_key("soon full", max_uses=1)
        page.reload()
        stage.enroll(text)
        button(page, "Copy key soon full").click()
        expect(page.locator("#toast")).to_have_text("The only use of this key is taken. Raise the limit first.")


def test_f50_the_password_is_asked_and_then_what_was_asked_goes_on(open_page, keys):
    """The portal of these tests does not want it, so the page gets its dialog here, and answers to POST come from here.

    What the portal answers where it does: tests/portal/test_password_again.py.
    """
    page = open_page("about:blank", permissions=["clipboard-read", "clipboard-write"])
    dialog = render_to_string("keys/_ask_password.html", {"password_again": 15, "user": AnonymousUser()})

    def answer(route):
        sent = route.request.post_data or ""
        if route.request.method == "GET":
            portal = route.fetch()
            route.fulfill(response=portal, body=portal.text().replace("</main>", f"{dialog}</main>"))
        elif PASSWORD in sent:
            route.continue_()
        else:
            problem = {"code": "password_required", "detail": "Enter your password."}
            if 'name="password"' in sent:
                problem = {"code": "password_incorrect", "detail": "This is not your password."}
            route.fulfill(status=403, content_type="application/problem+json", body=json.dumps(problem))

    page.route(re.compile(f"{LIST}(\\d+/(reveal|download)/)?$"), answer)
    page.goto(LIST)
    asked, field = page.get_by_role("dialog", name="Enter your password"), page.get_by_label("Password", exact=True)
    button(page, "Copy key alpha").click()
    expect(field).to_be_focused()
    page.keyboard.type("guessed\n")
    expect(asked.get_by_role("alert")).to_have_text("This is not your password.")
    expect(field).to_be_focused()
    expect(field).to_have_value("")
    page.keyboard.type(f"{PASSWORD}\n")
    expect(page.locator("#toast")).to_have_text("Key copied to clipboard.")
    assert clipboard(page) == keys["alpha"]
    button(page, "Details for beta").click()
    button(page, "Show key beta").click()
    expect(field).to_be_focused()
    page.keyboard.type(f"{PASSWORD}\n")
    expect(details(page, "beta").locator("pre")).to_have_text(keys["beta"])
    button(page, "Download key gamma").click()
    expect(field).to_be_focused()
    with page.expect_download() as download:
        page.keyboard.type(f"{PASSWORD}\n")
    assert download.value.suggested_filename == "gamma.provisioning-key.txt"
    button(page, "Copy key gamma").click()
    expect(field).to_be_focused()
    page.keyboard.press("Escape")
    expect(asked).to_be_hidden()
    assert clipboard(page) == keys["alpha"]


_TAMPER = """
from keys.models import ProvisioningKey as Key
Key.objects.filter(name="tampered").update(sealed_token=Key.objects.get(name="beta").sealed_token)
"""


def test_b09_a_text_that_does_not_open_says_what_to_do(page, stage):
    """Its ciphertext was copied from another row."""
    stage.create_key("tampered")
    stage.manage("shell", "--verbosity", "0", "-c", _TAMPER)
    page.reload()
    page.evaluate("navigator.clipboard.writeText('before')")
    button(page, "Details for tampered").click()
    for action in ("Copy", "Show"):
        button(page, f"{action} key tampered").click()
        expect(page.locator("#toast")).to_contain_text("can't be opened")
        expect(page.locator("#toast")).to_contain_text("Make a new key for the same group")
        page.evaluate("document.getElementById('toast').textContent = ''")
    assert clipboard(page) == "before"
    assert [line.split()[0] for line in stage.audit("tampered")] == ["key.created", "key.copied", "key.shown"]
    button(page, "Download key tampered").click()
    expect(page.get_by_text("Error 409")).to_be_visible()
    expect(page.get_by_text("Make a new key for the same group")).to_be_visible()


def test_f14_the_warning_leads_to_the_limit_and_raising_it_lets_the_key_be_copied(page, stage):
    text = stage.create_key("raise me", max_uses=1)
    stage.enroll(text)
    # A short list, that does not scroll: a panel moves with it, and a click beside it closes it.
    page.goto("/service-edge-keys/?q=raise+me")
    link = page.get_by_role("link", name="Raise the limit")
    expect(link).to_have_count(0)
    button(page, "Why raise me cannot be copied").press("Enter")
    expect(link).to_be_visible()
    link.click()
    field = page.get_by_label("Maximum # Of Private Service Edges")
    expect(field).to_be_focused()
    # The old limit is selected: typing replaces it.
    page.keyboard.type("2")
    expect(field).to_have_value("2")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").first).to_contain_text("Limit of “raise me” raised to 2 · Copy key")
    expect(button(page, "Why raise me cannot be copied")).to_have_count(0)
    button(page, "Copy key raise me").click()
    expect(page.locator("#toast")).to_have_text("Key copied to clipboard.")
    assert clipboard(page) == text
    edited = next(line for line in stage.audit("raise me") if line.startswith("key.limit_raised"))
    assert "'max_uses': ['1', '2']" in edited


def test_escape_closes_the_warning_and_the_focus_stays(page):
    why = button(page, "Why full cannot be copied")
    why.click()
    expect(page.locator("[popover]:popover-open")).to_contain_text("The only use of this key is taken")
    page.keyboard.press("Escape")
    expect(page.locator("[popover]:popover-open")).to_have_count(0)
    expect(why).to_be_focused()


class TestShowing:
    def test_the_text_is_shown_until_hidden(self, page, keys):
        button(page, "Details for beta").click()
        button(page, "Show key beta").click()
        expect(details(page, "beta").locator("pre")).to_have_text(keys["beta"])
        button(page, "Hide key beta").click()
        expect(page.get_by_text(keys["beta"])).to_have_count(0)

    def test_it_disappears_after_a_minute(self, open_page, keys):
        page = open_page("about:blank")
        page.clock.install()
        page.goto(LIST)
        button(page, "Details for beta").click()
        button(page, "Show key beta").click()
        expect(page.get_by_text(keys["beta"])).to_be_visible()
        page.clock.run_for(59_000)
        expect(page.get_by_text(keys["beta"])).to_be_visible()
        page.clock.run_for(2_000)
        expect(page.get_by_text(keys["beta"])).to_have_count(0)

    def test_it_is_not_printed(self, page, keys):
        button(page, "Details for beta").click()
        button(page, "Show key beta").click()
        expect(page.get_by_text(keys["beta"])).to_be_visible()
        # Found by its button, which is not printed.
        of_gamma = details(page, "gamma")
        page.emulate_media(media="print")
        expect(page.get_by_text(keys["beta"])).to_be_hidden()
        expect(of_gamma).to_be_visible()


def test_f15_download_saves_the_file(page, keys):
    with page.expect_download() as download:
        button(page, "Download key gamma").click()
    assert download.value.suggested_filename == "gamma.provisioning-key.txt"
    assert download.value.path().read_text() == keys["gamma"] + "\n"


def test_heads_sort_and_say_so(page):
    page.get_by_role("columnheader", name="Name").get_by_role("link").click()
    expect(page.get_by_role("columnheader", name="Name")).to_have_attribute("aria-sort", "descending")
    page.set_viewport_size({"width": 390, "height": 844})
    page.get_by_role("button", name="Sort: Name, Z to A").click()
    # Not clicked: a click scrolls the page first, and the menu follows its button one frame later.
    page.get_by_role("link", name="Newest first").press("Enter")
    expect(page).to_have_url(re.compile(r"\?sort=-created$"))


def test_row_heads_are_named_by_the_key(page):
    expect(page.get_by_role("rowheader", name="alpha", exact=True)).to_be_visible()
