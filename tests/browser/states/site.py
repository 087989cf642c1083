"""Dashboard, audit log, sign-in and the pages of the own account."""

from __future__ import annotations

import re

from playwright.sync_api import Page, Route

from tests.browser.states.registry import press, state, visit
from tests.browser.world import World

visit("audit log", "enrollment:audit-log", "/audit-log/")
visit("audit log, no match", "enrollment:audit-log", "/audit-log/?q=nothing+has+this+name")


@state("audit log, changes", "enrollment:audit-log")
def audit_changes(page: Page, world: World) -> None:
    page.goto("/audit-log/?action=key.limit_raised&expand=all")
    page.get_by_role("table", name="What changed").first.wait_for()


@state("audit log, filters", "enrollment:audit-log")
def audit_filters(page: Page, world: World) -> None:
    page.goto("/audit-log/")
    press(page, "Filter")
    for part in ("Time", "Who"):
        page.locator("#filter-menu summary", has_text=part).first.click()


visit("dashboard", "home", "/?days=30")
visit("dashboard of a viewer", "home", "/", who="vic")


@state("dashboard, tables", "home")
def dashboard_tables(page: Page, world: World) -> None:
    page.goto("/")
    for table in page.get_by_text("As a table").all():
        table.click()
    page.get_by_role("table").first.wait_for()


visit("dashboard without a role", "home", "/", who="nora")
visit("sign in", "login", "/accounts/login/", who="nobody")


visit("preferences", "preferences", "/preferences/")
visit("own sessions", "own-sessions", "/accounts/sessions/")


@state("the session ends soon", "own-sessions")
def session_end(page: Page, world: World) -> None:
    page.route("**/accounts/sessions/left/", lambda route: route.fulfill(json={"seconds": 110, "last": False}))

    def soon(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body=re.sub('data-left="[0-9]+"', 'data-left="1"', answer.text()))

    page.route("**/accounts/sessions/", soon)
    page.goto("/accounts/sessions/")
    page.get_by_role("alertdialog").wait_for()


visit("own password", "own-password", "/accounts/password/", who="vic")


@state("own password, wrong", "own-password", who="vic")
def wrong_own_password(page: Page, world: World) -> None:
    page.goto("/accounts/password/")
    page.get_by_label("Current password").fill("wrong")
    page.get_by_label("New password", exact=True).fill("short")
    page.get_by_label("New password again").fill("other")
    press(page, "Change password")
    page.get_by_role("alert").wait_for()


@state("user menu", "preferences")
def user_menu(page: Page, world: World) -> None:
    page.goto("/preferences/")
    press(page, "Account: admin")
    page.get_by_role("navigation", name="Account").wait_for()


def _fail_to_sign_in(page: Page, name: str) -> None:
    page.goto("/accounts/login/")
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill("wrong")
    press(page, "Sign in")
    page.get_by_role("alert").wait_for()


@state("sign in, wrong", "login", who="nobody")
def wrong_password(page: Page, world: World) -> None:
    _fail_to_sign_in(page, "nobody once")


@state("sign in, locked", "login", who="nobody")
def locked(page: Page, world: World) -> None:
    for _ in range(6):
        _fail_to_sign_in(page, "nobody often")
    page.get_by_text("Too many attempts").first.wait_for()
