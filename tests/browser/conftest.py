"""One portal and one Chromium for all browser tests. Console messages and CSP reports fail the test they occur in."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, sync_playwright

from tests.browser.latency import add_latency
from tests.factories import make_csr
from tests.support.chromium import launch
from tests.support.live import PASSWORD, LivePortal

MANIFEST = {
    "groups": [{"name": "Vendor"}],
    "keys": [
        {"name": "vendor key", "group": "Vendor", "max_uses": 3},
        {"name": "vendor full", "group": "Vendor", "max_uses": 1},
    ],
}


_DISABLE = "from keys.models import ProvisioningKey as Key; Key.objects.filter(name={name!r}).update(enabled=False)"
_AUDIT = """
from portal.models import AuditEvent
for event in AuditEvent.objects.filter(object_name={name!r}).order_by("id"):
    print(event.action, event.actor_name, event.detail)
"""
# Chromium says violations on the console, but not all of them there.
_REPORT = """document.addEventListener("securitypolicyviolation", (event) =>
    console.error("policy", event.effectiveDirective, event.blockedURI, event.sample));"""
_MANY = """
from keys.models import ServiceEdgeGroup
from tests.factories import make_group, make_key
group = ServiceEdgeGroup.objects.filter(name="London").first() or make_group("London")
for name in {names!r}:
    make_key(name, group=group)
"""
# Chromium reports every answer of 400 and above on its console (the portal's own refusals are not noise), and has
# advice for forms of passwords that the Django admin does not take.
HINTS = ("verbose: [DOM]", "info: Autofocus processing was blocked")
_FORGET = """
from keys.models import ProvisioningKey, ServiceEdgeGroup
ProvisioningKey.objects.filter(managed=False).delete()
ServiceEdgeGroup.objects.filter(managed=False, keys=None, edges=None).delete()
"""


class Stage:
    """The portal with what browser tests do to it from outside the browser."""

    def __init__(self, live: LivePortal) -> None:
        self.live, self.url, self.manage = live, live.url, live.manage

    def create_key(self, name: str, *, group: str = "London", max_uses: int = 5, viewable: bool = True) -> str:
        """A new key; returns its text."""
        options = ["--name", name, "--group", group, "--max-uses", str(max_uses), *([] if viewable else ["--no-view"])]
        return self.manage("create_key", *options).strip()

    def create_keys(self, names: list[str]) -> None:
        """Many new keys, in one process."""
        self.shell(_MANY.format(names=names))

    def shell(self, script: str) -> str:
        """What a script says that runs inside the portal."""
        return self.manage("shell", "--verbosity", "0", "-c", script)

    def enroll(self, text: str) -> None:
        """One use of a key."""
        body = json.dumps({"provisioning_key": text, "csr": make_csr()}).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.url}/enrollment/v1/enroll", body, headers)
        with urllib.request.urlopen(request, timeout=20) as response:
            assert response.status == 201

    def disable(self, name: str) -> None:
        """A key that refuses enrollment."""
        self.manage("shell", "--verbosity", "0", "-c", _DISABLE.format(name=name))

    def audit(self, name: str) -> list[str]:
        """What the audit log says about the key of that name: action, who, and detail, from the first to the last."""
        return self.manage("shell", "--verbosity", "0", "-c", _AUDIT.format(name=name)).splitlines()

    def forget(self) -> None:
        """Delete all keys but the vendor's, so that the next module's fit one page, and the groups of no edges."""
        self.shell(_FORGET)

    def apply_manifest(self, document: dict) -> None:
        """Records that the vendor manages."""
        path = self.live.state_dir / "manifest.json"
        path.write_text(json.dumps(document))
        self.manage("apply_vendor_manifest", "--file", str(path))


# Package scope: Playwright's event loop must end before other tests use the database.
@pytest.fixture(scope="package")
def stage() -> Iterator[Stage]:
    with LivePortal(demo=False) as live:
        yield Stage(live)


@pytest.fixture(scope="module", autouse=True)
def room(stage: Stage) -> Iterator[None]:
    """Each module finds the list without the keys and groups of the others."""
    yield
    stage.forget()


@pytest.fixture(scope="package")
def browser(pytestconfig: pytest.Config) -> Iterator[Browser]:
    latency, cpu = pytestconfig.getoption("latency"), pytestconfig.getoption("cpu")
    with sync_playwright() as playwright, pytest.MonkeyPatch.context() as patch:
        if latency or cpu > 1:
            add_latency(patch, latency, cpu)
        chromium = launch(playwright)
        yield chromium
        chromium.close()


@pytest.fixture(scope="package")
def signed_in(stage: Stage, browser: Browser) -> dict:
    """The cookies of the administrator."""
    return new_session(stage, browser, "admin")


def new_session(stage: Stage, browser: Browser, name: str) -> dict:
    context = browser.new_context(base_url=stage.url)
    sign_in(context.new_page(), name)
    state = context.storage_state()
    context.close()
    return state


def sign_in(page: Page, name: str) -> None:
    page.goto("/accounts/login/")
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda address: "/accounts/login/" not in address)


def watch(context: BrowserContext, noise: list[str]) -> Page:
    """A page whose console and errors become lines of `noise`."""
    context.add_init_script(_REPORT)
    page = context.new_page()
    page.on("console", lambda message: noise.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: noise.append(str(error)))
    return page


def require_silence(noise: list[str]) -> None:
    """Nothing but the browser's hints and the portal's own refusals was on the console."""
    assert [line for line in noise if not line.startswith(HINTS) and "status of 4" not in line] == []


# The options that a page can be given when it is used again, and what a test gets that does not give them. Drawing what
# moves takes an eighth of the time of these tests; test_strict.py opens everything with motion.
_DEFAULTS = {
    "viewport": {"width": 1280, "height": 720}, "permissions": [],
    "color_scheme": "light", "reduced_motion": "reduce", "forced_colors": "none",
}  # fmt: skip


@pytest.fixture(scope="package")
def used_pages(stage: Stage, browser: Browser) -> Iterator[dict[bool, tuple[Page, list[str]]]]:
    """A page with JavaScript and one without, each with what was on its console."""
    contexts = {
        scripts: browser.new_context(base_url=stage.url, java_script_enabled=scripts) for scripts in (True, False)
    }
    noises: dict[bool, list[str]] = {scripts: [] for scripts in contexts}
    yield {scripts: (watch(context, noises[scripts]), noises[scripts]) for scripts, context in contexts.items()}
    for context in contexts.values():
        context.close()


@pytest.fixture
def open_page(
    stage: Stage, browser: Browser, signed_in: dict, used_pages: dict[bool, tuple[Page, list[str]]]
) -> Iterator[Callable[..., Page]]:
    """Opens pages of the administrator; at the end their consoles must be empty.

    Tests share one page, which is reset but for its caches: opening another takes longer than most tests. A second
    page, other options and about:blank open a new context. Tests open about:blank first when they set a clock, count
    what is loaded, or leave a listener behind.
    """
    contexts: list[BrowserContext] = []
    noise: list[str] = []
    free = dict(used_pages)

    def opened(path: str = "/service-edge-keys/", **options: Any) -> Page:
        scripts, given = options.get("java_script_enabled", True), {**_DEFAULTS, **options}
        if scripts in free and path != "about:blank" and given.keys() <= {*_DEFAULTS, "java_script_enabled"}:
            page, _ = free.pop(scripts)
            # Away from where the last test clicked: what is under the mouse has other colors.
            page.mouse.move(0, 0)
            page.context.clear_cookies()
            page.context.add_cookies(signed_in["cookies"])
            page.context.clear_permissions()
            page.context.grant_permissions(given["permissions"])
            page.set_viewport_size(given["viewport"])
            media = {name: given[name] for name in ("color_scheme", "reduced_motion", "forced_colors")}
            page.emulate_media(media="null", **media)
        else:
            contexts.append(browser.new_context(**{"base_url": stage.url, "storage_state": signed_in, **options}))
            page = watch(contexts[-1], noise)
        page.goto(path)
        return page

    yield opened
    for context in contexts:
        context.close()
    for page, heard in used_pages.values():
        page.unroute_all()
        for other in page.context.pages[1:]:
            other.close()
        noise += heard
        heard.clear()
    require_silence(noise)


@pytest.fixture(scope="module")
def kept_page(stage: Stage, browser: Browser) -> Iterator[tuple[Page, list[str]]]:
    """A page for the tests of a module that only look at many pages, and what was on its console."""
    noise: list[str] = []
    context = browser.new_context(base_url=stage.url)
    context.add_init_script(AXE_SCRIPT)
    yield watch(context, noise), noise
    context.close()


@pytest.fixture
def page_as(kept_page: tuple[Page, list[str]]) -> Iterator[Callable[[dict | None, ViewportSize], Page]]:
    """The kept page with a person's cookies and nothing else; in a new context opening it takes longer than looking."""
    page, noise = kept_page

    def shown(cookies: dict | None, size: ViewportSize) -> Page:
        # Away from where the last test clicked: what is under the mouse has other colors.
        page.mouse.move(0, 0)
        page.context.clear_cookies()
        page.context.add_cookies(cookies["cookies"] if cookies else [])
        page.set_viewport_size(size)
        page.emulate_media(color_scheme="light", reduced_motion="reduce")
        return page

    yield shown
    page.unroute_all()
    require_silence(noise)


@pytest.fixture
def page(open_page: Callable[..., Page]) -> Page:
    """The keys page."""
    return open_page(permissions=["clipboard-read", "clipboard-write"])
