"""The list of edges, their pages, and the wizard that adds one."""

from __future__ import annotations

import re

from playwright.sync_api import Page

from tests.browser.states.registry import press, state, visit
from tests.browser.world import World

visit("edges", "enrollment:edge-list", "/service-edges/")
# The administrator of the world has a draft of the wizard.
_ADD = "/service-edges/add/"
visit("wizard, existing keys", "enrollment:edge-add-choose-key", f"{_ADD}choose-key/?choice=existing&q=kind")
visit("wizard, no key found", "enrollment:edge-add-choose-key", f"{_ADD}choose-key/?choice=existing&q=nothing+has")
for _step in ("certificate", "group", "key-details", "review", "discard"):
    visit(f"wizard, {_step}", f"enrollment:edge-add-{_step}", f"{_ADD}{_step}/")


@state("wizard, group, errors", "enrollment:edge-add-group")
def wizard_errors(page: Page, world: World) -> None:
    page.goto(f"{_ADD}group/")
    page.get_by_label("Name", exact=True).fill("a/b")
    press(page, "Next")
    page.get_by_role("alert").wait_for()


@state("wizard, key details, errors", "enrollment:edge-add-key-details")
def wizard_key_errors(page: Page, world: World) -> None:
    page.goto(f"{_ADD}key-details/")
    page.get_by_label("Name", exact=True).fill("a/b")
    page.get_by_text("More settings").click()
    page.get_by_label("Allowed networks").fill("everywhere")
    press(page, "Next")
    page.get_by_role("alert").wait_for()


visit("wizard, ready", "enrollment:edge-add-ready", lambda world: world.ready("kind full"))
visit("wizard, ready, waiting", "enrollment:edge-add-ready", lambda world: world.ready("many 00"))
visit("edges, oldest first", "enrollment:edge-list", "/service-edges/?sort=enrolled", who="vic")


def open_edge(page: Page, world: World, part: str = "") -> None:
    """Open the page of an edge, or a page below it."""
    page.goto(world.paths["kind full"])
    address = page.get_by_role("link", name="kind full-1", exact=True).first.get_attribute("href")
    page.goto(f"{address}{part}")


@state("edge", "enrollment:edge-detail")
def edge(page: Page, world: World) -> None:
    open_edge(page, world)


@state("edge of a viewer", "enrollment:edge-detail", who="vic")
def edge_of_viewer(page: Page, world: World) -> None:
    open_edge(page, world)


@state("revoke a certificate", "enrollment:certificate-revoke")
def revoke_certificate(page: Page, world: World) -> None:
    open_edge(page, world)
    page.get_by_role("link", name=re.compile("Revoke certificate")).click()
    page.get_by_role("heading", level=1, name=re.compile("Revoke one certificate")).wait_for()


@state("edges, asked before revoking", "list-bulk")
def edges_asked_before_revoking(page: Page, world: World) -> None:
    page.goto("/service-edges/")
    page.locator("#rows input[name=row]").first.check()
    page.locator("#bulk-form").get_by_role("button", name="Revoke").click()
    page.get_by_role("button", name="Revoke 1 edge").wait_for()


@state("edit an edge, wrong", "enrollment:edge-edit")
def edit_edge_wrongly(page: Page, world: World) -> None:
    open_edge(page, world, "edit/")
    page.get_by_label("Name").fill("a/b")
    press(page, "Save")
    page.get_by_role("alert").wait_for()


@state("delete an edge", "enrollment:edge-delete")
def delete_edge(page: Page, world: World) -> None:
    open_edge(page, world, "delete/")
    page.get_by_role("heading", level=1, name="Delete kind full-1").wait_for()


@state("revoke an edge", "enrollment:edge-revoke")
def revoke_edge(page: Page, world: World) -> None:
    page.goto(world.paths["kind full"])
    page.get_by_role("link", name="Revoke edge kind full-1").click()
    page.get_by_role("heading", level=1, name="Revoke kind full-1").wait_for()
