"""F54: what a first visit of the list costs on the wire, from the portal as it is served."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.browser.world import LIST

pytestmark = pytest.mark.browser
FIRST_VISIT, LATER_VISIT, FONT = 60_000, 20_000, 40_000


@pytest.fixture(scope="module", autouse=True)
def a_hundred_keys(stage):
    stage.manage("seed_keys", "--force", "--count", "100")


def weigh(page: Page, path: str) -> dict[str, int]:
    """Bytes on the wire by address, heads of the answers included; what came from the cache weighs nothing."""
    session, addresses, weights = page.context.new_cdp_session(page), {}, {}
    session.send("Network.enable")

    def arrived(event: dict) -> None:
        addresses[event["requestId"]] = event["response"]["url"]

    def finished(event: dict) -> None:
        weights[addresses[event["requestId"]]] = int(event["encodedDataLength"])

    session.on("Network.responseReceived", arrived)
    session.on("Network.loadingFinished", finished)
    page.goto(path, wait_until="networkidle")
    session.detach()
    return weights


def test_f54_a_first_visit_of_a_hundred_keys_weighs_less_than_sixty_kilobytes_plus_the_font(open_page):
    page = open_page("about:blank")
    first = weigh(page, LIST)
    assert len(page.locator("tbody.record").all()) == 25
    assert page.locator(".count").text_content() == "100 keys"
    assert len([address for address in first if "/static/" in address]) > 10
    fonts = [weight for address, weight in first.items() if address.endswith(".woff2")]
    assert len(fonts) == 1
    assert fonts[0] < FONT
    assert sum(first.values()) - fonts[0] < FIRST_VISIT, first
    later = weigh(page, f"{LIST}?page=2")
    assert sum(later.values()) < LATER_VISIT, later
    assert [address for address, weight in later.items() if weight and "/static/" in address] == []
