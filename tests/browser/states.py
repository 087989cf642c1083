"""Every page of the portal in every state it can take: how to reach it, and which address it belongs to."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from django.test import RequestFactory
from playwright.sync_api import Page, Route

from portal.error_pages import render_error
from tests.browser.world import CERTIFICATES, GROUPS, LIST, World
from tests.support.live import PASSWORD

# Addresses that answer no page of their own; why.
NOT_PAGES = {
    "logout": "POST, leads to the sign-in page",
    "healthz": "text for machines",
    "readyz": "text for machines",
    "metrics": "text for machines",
    "keys:key-reveal": "POST, the text of a key; refusals are error pages",
    "keys:key-limit": "POST, leads back to the key's page, which shows a refused number",
    "keys:group-names": "JSON for fields that suggest",
    "keys:key-names": "JSON for fields that suggest",
    "keys:certificate-pem": "a file",
    "keys:certificate-csr": "a file",
    "keys:key-download": "POST, a file; refusals are error pages",
    "list-columns": "POST, leads back to the list",
    "session-left": "JSON for the script that warns before a session ends",
    "preferences-density": "POST, leads back to the list",
    "preferences-theme": "POST, leads back to the page",
    "enrollment:edge-enable": "POST, leads to the edge's page",
    "enrollment:edge-disable": "POST, leads to the edge's page",
    "enrollment:download": "a file",
    "enrollment:edge-add-enrolled": "JSON for the page that waits for edges",
    "enrollment:enroll": "JSON for machines",
    "enrollment:renew": "JSON for machines",
    "enrollment:heartbeat": "JSON for machines",
    "enrollment:est-cacerts": "certificates for machines",
    "enrollment:est-csrattrs": "attributes for machines",
    "enrollment:est-simpleenroll": "EST for machines",
    "enrollment:est-simplereenroll": "EST for machines",
    "enrollment:revocation-list": "a list for machines",
    "enrollment:issuer-certificate": "a certificate for machines",
}


@dataclass(frozen=True)
class State:
    """A page in one state. `at` is the name of its address; an error page has none."""

    name: str
    at: str
    reach: Callable[[Page, World], None]
    who: str = "admin"
    narrow: bool = False


STATES: list[State] = []


def state(name: str, at: str = "", *, who: str = "admin", narrow: bool = False) -> Callable:
    """Registers a function that brings a page into the state; `narrow` states exist only on a phone."""

    def register(reach: Callable[[Page, World], None]) -> Callable[[Page, World], None]:
        STATES.append(State(name, at, reach, who, narrow))
        return reach

    return register


def visit(name: str, at: str, path: str | Callable[[World], str], who: str = "admin") -> None:
    """Registers a state that its address alone brings about."""
    state(name, at, who=who)(lambda page, world: page.goto(path if isinstance(path, str) else path(world)) and None)


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name).first.click()


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


@state("edges, asked before revoking", "list-bulk")
def edges_asked_before_revoking(page: Page, world: World) -> None:
    page.goto("/service-edges/")
    page.locator("#rows input[name=row]").first.check()
    page.locator("#bulk-form").get_by_role("button", name="Revoke").click()
    page.get_by_role("button", name="Revoke 1 edge").wait_for()


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
    page.get_by_text("Somebody else changed this key").wait_for()


@state("delete key, wrong name", "keys:key-delete")
def delete_errors(page: Page, world: World) -> None:
    page.goto(f"{world.own}delete/")
    page.get_by_label(re.compile("to confirm")).fill("another")
    press(page, "Delete key")
    page.get_by_role("alert").wait_for()


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
    page.get_by_text("Somebody else changed this group").wait_for()


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

visit("audit log", "enrollment:audit-log", "/audit-log/")
visit("audit log, changes", "enrollment:audit-log", "/audit-log/?action=key.limit_raised&expand=all")
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


visit("wizard, ready", "enrollment:edge-add-ready", lambda world: world.ready("kind full"))
visit("wizard, ready, waiting", "enrollment:edge-add-ready", lambda world: world.ready("many 00"))
visit("edges, oldest first", "enrollment:edge-list", "/service-edges/?sort=enrolled", who="vic")


def open_edge(page: Page, world: World) -> None:
    page.goto(world.paths["kind full"])
    page.get_by_role("link", name="kind full-1", exact=True).first.click()
    page.get_by_role("heading", level=1, name="kind full-1").wait_for()


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


visit("revoke all edges of a key", "enrollment:key-revoke", lambda world: f"{world.paths['kind full']}revoke/")


@state("keys, list of shortcuts", "keys:key-list")
def shortcuts(page: Page, world: World) -> None:
    page.goto(LIST)
    page.keyboard.press("?")
    page.get_by_role("dialog").wait_for()


def _open_edge(page: Page, world: World, part: str) -> None:
    page.goto("/service-edges/")
    address = page.get_by_role("link", name="kind full-1").get_attribute("href")
    page.goto(f"{address}{part}")


@state("edit an edge, wrong", "enrollment:edge-edit")
def edit_edge_wrongly(page: Page, world: World) -> None:
    _open_edge(page, world, "edit/")
    page.get_by_label("Name").fill("a/b")
    press(page, "Save")
    page.get_by_role("alert").wait_for()


@state("delete an edge", "enrollment:edge-delete")
def delete_edge(page: Page, world: World) -> None:
    _open_edge(page, world, "delete/")
    page.get_by_role("heading", level=1, name="Delete kind full-1").wait_for()


@state("revoke an edge", "enrollment:edge-revoke")
def revoke_edge(page: Page, world: World) -> None:
    page.goto(world.paths["kind full"])
    page.get_by_role("link", name="Revoke edge kind full-1").click()
    page.get_by_role("heading", level=1, name="Revoke kind full-1").wait_for()


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
