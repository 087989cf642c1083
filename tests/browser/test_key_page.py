"""The page of a key in a real browser: tabs by keyboard, the limit raised in place, nothing that shifts."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser
SHIFTS = """() => new Promise((resolve) => {
    new PerformanceObserver((list) => resolve(list.getEntries().map((each) => each.value)))
        .observe({ type: "layout-shift", buffered: true });
    setTimeout(() => resolve([]), 300);
})"""


@pytest.fixture(scope="module")
def path(stage):
    """The page of a key with one of its two uses taken."""
    stage.enroll(stage.create_key("tabbed", max_uses=2))
    script = "from keys.models import ProvisioningKey as Key; print(Key.objects.get(name='tabbed').get_absolute_url())"
    return stage.shell(script).strip()


def selected(page):
    """The selected tab, which alone the Tab key reaches, and the panels that are open."""
    (tab,) = page.locator("[role=tab][aria-selected=true]").all()
    assert page.locator("[role=tab]:not([tabindex='-1'])").all_text_contents() == [tab.text_content()]
    return tab.text_content(), [panel.get_attribute("id") for panel in page.locator("[role=tabpanel]:visible").all()]


def test_tabs_are_used_by_keyboard_alone(open_page, path):
    page = open_page(path)
    assert selected(page) == ("Virtual machine", ["panel-vm"])
    page.get_by_role("tab", name="Virtual machine").focus()
    for key, name, panel in (
        ("ArrowRight", "Linux package", "panel-package"),
        ("End", "curl + openssl", "panel-curl"),
        ("ArrowRight", "Virtual machine", "panel-vm"),
        ("ArrowLeft", "curl + openssl", "panel-curl"),
        ("Home", "Virtual machine", "panel-vm"),
    ):
        page.keyboard.press(key)
        expect(page.get_by_role("tab", name=name)).to_be_focused()
        assert selected(page) == (name, [panel]), key
    page.keyboard.press("Tab")
    expect(page.get_by_label("Command for Virtual machine")).to_be_focused()


def test_without_javascript_every_command_is_open(open_page, path):
    page = open_page(path, java_script_enabled=False)
    expect(page.locator(".command:visible")).to_have_count(5)
    expect(page.get_by_role("tab")).to_have_count(0)
    expect(page.get_by_role("heading", name="cloud-init")).to_be_visible()


@pytest.mark.parametrize("scripted", [True, False])
def test_the_limit_is_raised_in_place(open_page, path, scripted):
    page = open_page(path, java_script_enabled=scripted)
    page.get_by_text("Raise limit", exact=True).click()
    field = page.get_by_label("Maximum # Of Private Service Edges")
    higher = int(field.input_value()) + 1
    field.fill(str(higher))
    field.press("Enter")
    expect(page.get_by_role("status").first).to_contain_text(f"Limit of “tabbed” raised to {higher} · Copy key")
    expect(page.locator(".summary .used")).to_have_text(f"1 of {higher}")


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_shifts_while_the_page_loads(open_page, path, width):
    # A new context has no font in its cache.
    page = open_page("about:blank", viewport={"width": width, "height": 900})
    page.goto(path)
    assert page.evaluate(SHIFTS) == []
