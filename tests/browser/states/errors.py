"""The error pages."""

from __future__ import annotations

from django.test import RequestFactory
from playwright.sync_api import Page

from portal.error_pages import render_error
from tests.browser.states.registry import press, state, visit
from tests.browser.world import LIST, World

visit("404", "", "/nothing/")
visit("403, no role", "", LIST, who="nora")
visit("403, the vendor's", "", lambda world: f"{world.paths['vendor key']}edit/")


@state("403, form without its cookie", who="nobody")
def form_without_its_cookie(page: Page, world: World) -> None:
    page.goto("/accounts/login/")
    page.context.clear_cookies()
    page.get_by_label("Username").fill("a")
    page.get_by_label("Password").fill("b")
    press(page, "Sign in")
    page.get_by_text("This form was not taken").wait_for()


@state("409, key at its limit")
def at_the_limit(page: Page, world: World) -> None:
    page.goto(LIST)
    page.evaluate(
        "path => { const form = document.getElementById('row-actions'); form.action = path; form.submit(); }",
        f"{world.paths['kind full']}download/",
    )
    page.get_by_text("Error 409").wait_for()


def _answer(status: int) -> None:
    """An error the portal makes only in distress: its page as rendered, sent in place of the answer."""

    @state(f"{status}", who="nobody")
    def reach(page: Page, world: World) -> None:
        body = render_error(RequestFactory().get("/"), status).content.decode()
        page.route("**/distress/", lambda route: route.fulfill(body=body, content_type="text/html"))
        page.goto("/distress/")
        page.get_by_text(f"Error {status}").wait_for()


for _status in (400, 500, 503):
    _answer(_status)
