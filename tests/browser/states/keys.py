"""The list of keys, and their pages."""

from __future__ import annotations

import re

from playwright.sync_api import Page

from tests.browser.states.registry import press, state, visit
from tests.browser.world import LIST, World
from tests.support.live import PASSWORD

visit("keys", "keys:key-list", LIST)
visit("keys, all expanded", "keys:key-list", f"{LIST}?expand=all&q=kind")
visit("keys, page 2 sorted by use", "keys:key-list", f"{LIST}?sort=-uses&page=2")
visit("keys, filtered", "keys:key-list", f"{LIST}?q=kind&usage=full&visible=yes")
visit("keys, no match", "keys:key-list", f"{LIST}?q=nothing+has+this+name")
visit("keys, wrong filters", "keys:key-list", f"{LIST}?group=nowhere&group=London&cert=x&created_after=never")
visit("keys of a viewer, all expanded", "keys:key-list", f"{LIST}?expand=all&q=kind", who="vic")


@state("keys, filters", "keys:key-list")
def more_filters(page: Page, world: World) -> None:
    page.goto(f"{LIST}?q=kind")
    press(page, "Filter")
    page.locator("#filter-menu summary", has_text="Group").click()


@state("keys, sort menu", "keys:key-list", narrow=True)
def sort_menu(page: Page, world: World) -> None:
    page.goto(f"{LIST}?q=kind")
    press(page, "Sort: Name, A to Z")


@state("keys, columns", "keys:key-list")
def columns(page: Page, world: World) -> None:
    page.goto(f"{LIST}?q=kind&cols=uses")
    press(page, "Columns")


@state("keys, selected", "keys:key-list")
def selected(page: Page, world: World) -> None:
    page.goto(f"{LIST}?q=kind")
    page.get_by_label("Select kind full").check()


@state("keys, asked before deleting", "list-bulk")
def asked_before_deleting(page: Page, world: World) -> None:
    page.goto(f"{LIST}?q=kind")
    page.get_by_label("Select kind full").check()
    page.locator("#bulk-form").get_by_role("button", name="Delete").click()
    page.get_by_label("Type delete 1 key to confirm").fill("no")
    page.get_by_role("button", name="Delete 1 key").click()
    page.get_by_role("link", name="Type “delete 1 key” exactly.").wait_for()


@state("keys, refused together", "list-bulk")
def refused_together(page: Page, world: World) -> None:
    page.goto(f"{LIST}?q=kind")
    for name in ("kind full", "kind nearly full"):
        page.get_by_label(f"Select {name}", exact=True).check()
    page.locator("#bulk-form").get_by_role("button", name="Raise limit").click()
    page.locator("[name=value]").fill("2")
    page.get_by_role("button", name="Raise the limit").click()
    page.get_by_text("Nothing was changed").wait_for()


@state("keys, views", "keys:key-list")
def views(page: Page, world: World) -> None:
    page.goto(f"{LIST}?q=kind")
    press(page, "Views")


@state("keys, managed views", "list-views")
def managed_views(page: Page, world: World) -> None:
    page.goto(f"{LIST}?q=kind")
    press(page, "Views")
    page.get_by_label("Name of a new view").fill("Kinds")
    page.locator("#views").get_by_role("button", name="Save view").click()
    page.get_by_role("status").get_by_role("link", name="Manage views").click()
    page.get_by_role("heading", name="Views of Service Edge Keys").wait_for()


@state("keys, warning", "keys:key-list")
def warning(page: Page, world: World) -> None:
    page.goto(f"{LIST}?q=kind")
    press(page, "Why kind full cannot be copied")


@state("keys, limit of a row", "keys:key-list")
def limit_of_a_row(page: Page, world: World) -> None:
    page.goto(f"{LIST}?q=kind")
    page.get_by_role("link", name="Raise limit of kind nearly full").click()
    page.get_by_label("New limit").locator("visible=true").fill("1")
    press(page, "Save limit")


@state("keys, refused copy said", "keys:key-list")
def refused_copy(page: Page, world: World) -> None:
    page.goto(f"{LIST}?q=kind")
    page.get_by_role("button", name="Copy key kind full").press("Enter")


@state("keys, key shown", "keys:key-list")
def shown_in_row(page: Page, world: World) -> None:
    page.goto(f"{LIST}?q=many+00&expand=all")
    press(page, "Show key many 00")
    page.locator("pre.secret:visible").wait_for()


@state("keys, delete dialog", "keys:key-list")
def delete_dialog(page: Page, world: World) -> None:
    page.goto(f"{LIST}?q=kind")
    page.get_by_role("link", name="Delete key kind full").click()


@state("keys, menu open", "keys:key-list", narrow=True)
def menu(page: Page, world: World) -> None:
    page.goto(f"{LIST}?q=kind")
    press(page, "Menu")


@state("key saved", "keys:key-list")
def saved(page: Page, world: World) -> None:
    page.goto(f"{world.own}edit/")
    press(page, "Save")
    page.get_by_text("Saved key “many 00”.").wait_for()


visit("key", "keys:key-detail", lambda world: world.own)
visit("key at its limit", "keys:key-detail", lambda world: world.paths["kind full"])
visit("key that is not viewable", "keys:key-detail", lambda world: world.paths["kind hidden"])
visit("key that is disabled", "keys:key-detail", lambda world: world.paths["kind disabled"])
visit("key of the vendor", "keys:key-detail", lambda world: world.paths["vendor full"])
visit("key with a certificate near its end", "keys:key-detail", lambda world: world.paths["kind of certificate soon"])
visit("key of a viewer", "keys:key-detail", lambda world: world.own, who="vic")


@state("key, shown, with deploy steps", "keys:key-detail")
def shown(page: Page, world: World) -> None:
    page.goto(world.own)
    press(page, "Show key many 00")
    page.locator("#shown-key:visible").wait_for()
    page.get_by_role("tab", name="Linux package").click()


@state("key, limit refused", "")
def limit_refused(page: Page, world: World) -> None:
    page.goto(world.paths["kind full"])
    page.locator("#id_max_uses").fill("1")
    press(page, "Save limit")
    page.get_by_role("alert").wait_for()


@state("key, delete dialog", "keys:key-detail")
def delete_dialog_of_page(page: Page, world: World) -> None:
    page.goto(world.own)
    page.get_by_role("link", name="Delete key many 00").click()


visit("add key", "keys:key-add", f"{LIST}add/")
visit("edit key", "keys:key-edit", lambda world: f"{world.own}edit/")
visit("delete key", "keys:key-delete", lambda world: f"{world.own}delete/")


@state("add key, more settings", "keys:key-add")
def more_settings(page: Page, world: World) -> None:
    page.goto(f"{LIST}add/")
    page.get_by_text("More settings").click()


@state("add key, errors", "keys:key-add")
def add_errors(page: Page, world: World) -> None:
    page.goto(f"{LIST}add/")
    page.get_by_text("More settings").click()
    page.get_by_label("Name", exact=True).fill("a/b")
    page.get_by_label("Allowed networks").fill("everywhere")
    press(page, "Create key")
    page.get_by_role("alert").wait_for()


def _create(page: Page, name: str, *, viewable: bool) -> None:
    page.goto(f"{LIST}add/")
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Private Service Edges Group").fill("London")
    page.get_by_label("View or Export").set_checked(viewable)
    press(page, "Create key")
    page.locator("#provisioning-key").wait_for()
    page.get_by_role("tab", name="Container").click()


@state("new key", "keys:key-add")
def created(page: Page, world: World) -> None:
    _create(page, "new viewable", viewable=True)


@state("new key, shown once", "keys:key-add")
def created_once(page: Page, world: World) -> None:
    _create(page, "new once", viewable=False)


@state("new key, sent twice", "keys:key-add")
def sent_twice(page: Page, world: World) -> None:
    _create(page, "new sent twice", viewable=False)
    page.get_by_label("I have stored the key in a vault").check()
    page.reload()
    page.get_by_role("heading", level=1, name="was made").wait_for()


@state("add key, groups suggested", "keys:key-add")
def suggested(page: Page, world: World) -> None:
    page.goto(f"{LIST}add/")
    page.get_by_label("Private Service Edges Group").fill("lon")
    page.get_by_role("option", name="Create “lon”").wait_for()
    page.get_by_label("Private Service Edges Group").press("ArrowDown")


@state("401, form kept")
def form_kept(page: Page, world: World) -> None:
    page.goto(f"{LIST}add/")
    page.get_by_label("Name", exact=True).fill("typed before")
    page.context.clear_cookies(name="session")
    press(page, "Create key")
    page.get_by_text("What you typed is kept for an hour").wait_for()


@state("add key, shown again", "keys:key-add")
def shown_again(page: Page, world: World) -> None:
    form_kept(page, world)
    page.get_by_role("link", name="Sign in").click()
    page.get_by_label("Username").fill("admin")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="This is what you typed").wait_for()


@state("edit key, errors", "keys:key-edit")
def edit_errors(page: Page, world: World) -> None:
    page.goto(f"{world.paths['kind nearly full']}edit/")
    page.get_by_label("Maximum # Of Private Service Edges").fill("1")
    press(page, "Save")
    page.get_by_role("alert").wait_for()


@state("edit key, conflict", "keys:key-edit")
def conflict(page: Page, world: World) -> None:
    page.goto(f"{world.paths['many 01']}edit/")
    page.evaluate("document.querySelector('[name=version]').value = '0'")
    page.get_by_label("Maximum # Of Private Service Edges").fill("77")
    press(page, "Save")
    page.get_by_text("This key was changed after you opened the page").wait_for()


@state("delete key, wrong name", "keys:key-delete")
def delete_errors(page: Page, world: World) -> None:
    page.goto(f"{world.own}delete/")
    page.get_by_label(re.compile("to confirm")).fill("another")
    press(page, "Delete key")
    page.get_by_role("alert").wait_for()


visit("revoke all edges of a key", "enrollment:key-revoke", lambda world: f"{world.paths['kind full']}revoke/")


@state("keys, list of shortcuts", "keys:key-list")
def shortcuts(page: Page, world: World) -> None:
    page.goto(LIST)
    page.keyboard.press("?")
    page.get_by_role("dialog").wait_for()
