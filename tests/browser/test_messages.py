"""Messages in a real browser: in view where the eye is, with a next step that works, and gone when dismissed."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser
SIZES = [{"width": 1280, "height": 900}, {"width": 390, "height": 844}]


@pytest.fixture(scope="module", autouse=True)
def key(stage) -> str:
    text = stage.create_key("messenger", max_uses=4)
    for _ in SIZES:
        stage.enroll(text)
    return text


@pytest.mark.parametrize("size", SIZES, ids=lambda size: str(size["width"]))
def test_after_revoking_from_the_keys_page_message_and_edges_are_both_in_view(open_page, size: dict) -> None:
    page: Page = open_page(viewport=size)
    page.get_by_role("link", name="messenger", exact=True).click()
    page.get_by_role("link", name=re.compile("^Revoke edge messenger-")).first.click()
    field = page.get_by_label(re.compile("^Type messenger-. to confirm"))
    name = re.search("messenger-[0-9]", field.locator("xpath=..").inner_text()).group()
    field.fill(name)
    page.get_by_role("button", name="Revoke edge").click()
    message = page.locator(".message")
    expect(message).to_contain_text(f"Revoked edge “{name}” with 1 certificate")
    expect(page).to_have_url(re.compile("/service-edge-keys/[0-9]+/#edges$"))
    expect(page.get_by_role("heading", name=re.compile("^Edges"))).to_be_in_viewport()
    expect(message).to_be_in_viewport(ratio=1)
    edges, above = page.locator("#edges").bounding_box(), message.bounding_box()
    assert edges["y"] >= above["y"] + above["height"], "the message covers the edges"
    message.get_by_role("button", name="Dismiss message").click()
    expect(message).to_have_count(0)
    expect(page.locator("main")).to_be_focused()


def test_the_next_step_after_a_raised_limit_copies_the_key(open_page: Callable[..., Page], key: str) -> None:
    page = open_page(permissions=["clipboard-read", "clipboard-write"])
    page.get_by_role("link", name="Edit key messenger").click()
    page.get_by_label("Maximum # Of Private Service Edges").fill("9")
    page.get_by_role("button", name="Save").click()
    message = page.locator(".message")
    expect(message).to_contain_text("Limit of “messenger” raised to 9 · Copy key")
    message.get_by_role("button", name="Copy key").click()
    expect(page.locator("#toast")).to_have_text("Key copied to clipboard.")
    assert page.evaluate("navigator.clipboard.readText()") == key
