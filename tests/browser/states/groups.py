"""The list of groups, and their pages."""

from __future__ import annotations

from playwright.sync_api import Page

from tests.browser.states.registry import press, state, visit
from tests.browser.world import GROUPS, World

visit("groups, all expanded", "keys:group-list", f"{GROUPS}?expand=all")
visit("groups of a viewer", "keys:group-list", GROUPS, who="vic")
visit("group, with a key", "keys:group-detail", lambda world: world.paths["London"])
visit("group, disabled", "keys:group-detail", lambda world: world.paths["Lisbon"])
visit("delete group", "keys:group-delete", lambda world: f"{world.paths['Lisbon']}delete/")
visit("delete group in use", "keys:group-delete", lambda world: f"{world.paths['London']}delete/")


@state("add group, more settings, errors", "keys:group-add")
def add_group(page: Page, world: World) -> None:
    page.goto(f"{GROUPS}add/")
    page.get_by_text("More settings").click()
    page.get_by_label("Name", exact=True).fill("a/b")
    page.locator("[data-pick-place]").click(position={"x": 200, "y": 80})
    press(page, "Create group")
    page.get_by_role("alert").wait_for()


@state("edit group, conflict", "keys:group-edit")
def group_conflict(page: Page, world: World) -> None:
    page.goto(f"{world.paths['London']}edit/")
    page.evaluate("document.querySelector('[name=version]').value = '0'")
    page.get_by_label("Location").fill("Elsewhere")
    press(page, "Save")
    page.get_by_text("This group was changed after you opened the page").wait_for()
