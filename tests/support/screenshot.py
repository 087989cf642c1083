"""`python -m tests.support.screenshot`: renew the README's picture from a portal with demo data."""

from __future__ import annotations

from playwright.sync_api import sync_playwright

from tests.support.chromium import launch
from tests.support.live import PASSWORD, ROOT, LivePortal

TARGET = ROOT / "docs" / "service-edge-keys.png"


def main() -> None:
    with LivePortal(demo=True) as portal, sync_playwright() as playwright:
        browser = launch(playwright)
        page = browser.new_page(viewport={"width": 1440, "height": 860})
        page.goto(f"{portal.url}/accounts/login/")
        page.fill("#id_username", "admin")
        page.fill("#id_password", PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(f"{portal.url}/")
        page.goto(f"{portal.url}/service-edge-keys/")
        page.get_by_role("button", name="Details for berlin-autoscale").click()
        page.mouse.move(0, 0)
        page.wait_for_timeout(500)  # the chevron turns
        page.screenshot(path=TARGET)
        browser.close()
    print(TARGET)


if __name__ == "__main__":
    main()
