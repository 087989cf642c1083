"""Across modules: a click on a form's map fills in a place (static/js/pick-place.js); dots of the map are links."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser
GROUPS = "/service-edge-groups/"
_PASTE = """text => {
    const clipboardData = new DataTransfer();
    clipboardData.setData("text", text);
    const pasted = new ClipboardEvent("paste", { clipboardData, cancelable: true });
    document.querySelector("#id_latitude").dispatchEvent(pasted);
}"""

_QUITO = """
from tests.factories import make_group
make_group("Quito", latitude="-0.2", longitude="-78.5")
"""


def test_a_click_or_a_pasted_place_fills_in_both_numbers_and_the_pin_follows(open_page):
    page = open_page(f"{GROUPS}add/")
    latitude, longitude, pin = page.get_by_label("Latitude"), page.get_by_label("Longitude"), page.locator(".pin")
    world = page.locator("[data-pick-place]")
    box = world.bounding_box()
    # The middle of the map is 13.5 degrees north on the meridian of Greenwich.
    world.click(position={"x": box["width"] / 2, "y": box["height"] / 2})
    assert abs(float(latitude.input_value()) - 13.5) < 0.6
    assert abs(float(longitude.input_value())) < 0.6
    latitude.fill("-33.87")
    longitude.fill("151.21")
    expect(pin).to_have_attribute("d", "M3312 1414h0")
    page.evaluate(_PASTE, "52.5200, 13.4050")
    expect(latitude).to_have_value("52.5200")
    expect(longitude).to_have_value("13.4050")
    longitude.fill("200")
    expect(pin).to_have_attribute("d", "")


def test_a_dot_is_reached_with_the_keyboard_and_on_a_phone_the_table_has_the_links(open_page, stage):
    stage.shell(_QUITO)
    page = open_page(GROUPS)
    dot = page.get_by_role("link", name="Quito: no edges")
    dot.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1, name="Quito")).to_be_visible()
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(GROUPS)
    expect(dot).to_be_hidden()
    page.get_by_text("As a table").click()
    expect(page.locator(".map-figure").get_by_role("link", name="Quito", exact=True)).to_be_visible()
