"""The list of certificates, and their pages."""

from __future__ import annotations

from playwright.sync_api import Page

from tests.browser.states.registry import press, state, visit
from tests.browser.world import CERTIFICATES, World

visit("certificates", "keys:certificate-list", CERTIFICATES)
visit("certificates, by end", "keys:certificate-list", f"{CERTIFICATES}?sort=-expires")
visit("certificates, all expanded", "keys:certificate-list", f"{CERTIFICATES}?expand=all")
visit("certificates of a viewer, all expanded", "keys:certificate-list", f"{CERTIFICATES}?expand=all", who="vic")
visit("certificate, pending", "keys:certificate-detail", lambda world: world.paths["Own pending"])
visit("certificate, another root", "keys:certificate-detail", lambda world: world.paths["Own child"])
visit("add certificate", "keys:certificate-add", f"{CERTIFICATES}add/")
visit("edit certificate", "keys:certificate-edit", lambda world: f"{world.paths['Own child']}edit/")
visit("delete certificate", "keys:certificate-delete", lambda world: f"{world.paths['Own child']}delete/")
visit("delete certificate in use", "keys:certificate-delete", lambda world: f"{world.paths['Own root']}delete/")
visit("replace certificate", "keys:certificate-replace", lambda world: f"{world.paths['Service Edge']}replace/")
visit("replace certificate, no keys", "keys:certificate-replace", lambda world: f"{world.paths['Own child']}replace/")
for _way, _button in (
    ("generate", "Generate certificate"),
    ("request", "Create request"),
    ("upload", "Upload chain"),
):
    visit(f"{_way} certificate", f"keys:certificate-{_way}", f"{CERTIFICATES}add/{_way}/")

    @state(f"{_way} certificate, wrong", f"keys:certificate-{_way}")
    def _wrong(page: Page, world: World, way: str = _way, button: str = _button) -> None:
        page.goto(f"{CERTIFICATES}add/{way}/")
        page.get_by_label("Name", exact=True).fill("W" * 65)
        press(page, button)
        page.get_by_role("alert").wait_for()


visit("upload signed certificate", "keys:certificate-complete", lambda world: f"{world.paths['Own pending']}upload/")


@state("upload signed certificate, wrong", "keys:certificate-complete")
def wrong_signed_certificate(page: Page, world: World) -> None:
    page.goto(f"{world.paths['Own pending']}upload/")
    press(page, "Upload certificate")
    page.get_by_role("alert").wait_for()


visit("certificate", "keys:certificate-detail", lambda world: world.paths["Service Edge"])
visit("certificate near its end", "keys:certificate-detail", lambda world: world.paths["Ends this month"])
visit("certificate that ended", "keys:certificate-detail", lambda world: world.paths["Ended"])
