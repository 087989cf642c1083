"""The last page of the wizard shows machines as they enroll, by asking."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


def test_a_machine_appears_by_itself_and_asking_stops(open_page, stage):
    stage.create_key("another")
    text = stage.create_key("waits for edges")
    page = open_page("/service-edges/add/choose-key/?choice=existing")
    # Found while it is typed, as in the lists.
    page.get_by_role("searchbox", name="Search").press_sequentially("waits for")
    expect(page.locator("#count")).to_have_text("1 of 1 key can be used.")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.clock.install()
    asked = []
    page.on("request", lambda request: "/enrolled/" in request.url and asked.append(request.url))
    page.get_by_label("waits for edges").check()
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Key ready")
    expect(page.get_by_text("This page checks every 3 seconds.")).to_be_visible()
    stage.enroll(text)
    page.clock.run_for(3_100)
    expect(page.get_by_role("listitem").filter(has_text="waits for edges-1")).to_contain_text(", from 127.0.0.1")
    expect(page.get_by_role("heading", name="1 edge enrolled")).to_be_visible()
    expect(page.locator("#toast")).to_contain_text("waits for edges-1 enrolled")
    # A tab that nobody sees asks nothing.
    hide = "hidden => { Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });"
    hide += "document.dispatchEvent(new Event('visibilitychange')); }"
    page.evaluate(hide, True)
    before = len(asked)
    page.clock.run_for(60_000)
    assert len(asked) == before > 0
    stage.enroll(text)
    page.evaluate(hide, False)
    expect(page.get_by_role("heading", name="2 edges enrolled")).to_be_visible()
    page.clock.fast_forward(11 * 60_000)
    expect(page.get_by_text("This page stopped checking.")).to_be_visible()
    stage.enroll(text)
    page.get_by_role("button", name="Check").click()
    expect(page.get_by_role("heading", name="3 edges enrolled")).to_be_visible()
