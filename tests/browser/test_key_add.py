"""Adding keys in a real browser, and the page that shows a text once."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Error, expect

pytestmark = pytest.mark.browser
ADD = "/service-edge-keys/add/"
COPIED = "wanted => navigator.clipboard.readText().then((text) => text === wanted)"


@pytest.fixture
def form(open_page):
    return open_page(ADD, permissions=["clipboard-read", "clipboard-write"])


def fill(page, name, *, viewable=True):
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Maximum # Of Private Service Edges").fill("7")
    if page.locator("#id_group[role=combobox]").count():
        page.get_by_label("Private Service Edges Group").fill(f"{name} group")
        page.get_by_role("option", name=f"Create “{name} group”").click()
    else:
        page.get_by_label("Or a new group").fill(f"{name} group")
    page.get_by_label("View or Export Provisioning Key After Creation").set_checked(viewable)
    page.get_by_role("button", name="Create key").click()
    box = page.locator("#provisioning-key")
    box.wait_for()
    page.wait_for_load_state()
    return box


def test_a_new_key_is_shown_copied_and_downloaded(form):
    text = fill(form, "new one").text_content()
    assert re.fullmatch(r"1\|[a-z.]+\|[A-Za-z0-9+/]{122}==", text)
    form.get_by_role("button", name="Copy key").click()
    expect(form.locator("#toast")).to_have_text("Key copied to clipboard.")
    assert form.evaluate("navigator.clipboard.readText()") == text
    with form.expect_download() as download:
        form.get_by_role("button", name="Download key").click()
    assert download.value.suggested_filename == "new-one.provisioning-key.txt"
    assert download.value.path().read_text() == text + "\n"
    form.get_by_role("link", name="Done").click()
    expect(form.get_by_role("link", name="new one", exact=True)).to_be_visible()


def test_a_key_that_is_not_viewable_is_saved_by_the_browser_and_gone_afterwards(open_page):
    form = open_page("about:blank")
    form.goto(ADD)
    box = fill(form, "once only", viewable=False)
    text = box.text_content()
    expect(form.get_by_text("shown on this page only")).to_be_visible()
    requests = []
    form.on("request", lambda request: requests.append(request.url))
    with form.expect_download() as download:
        form.get_by_role("button", name="Download key").click()
    assert download.value.suggested_filename == "once-only.provisioning-key.txt"
    assert download.value.path().read_text() == text + "\n"
    # The icon of the tab comes when the browser finds the time.
    assert [url for url in requests if not url.startswith("blob:") and "favicon" not in url] == []
    form.get_by_role("link", name="Open the key's page").click()
    expect(form.get_by_text("Not viewable: the text was shown once")).to_be_visible()
    assert text not in form.content()


def test_the_text_wraps_inside_its_box(open_page):
    page = open_page(ADD)
    fill(page, "narrow")
    for width in (390, 1440):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") == width
        expect(page.get_by_role("button", name="Copy key")).to_be_in_viewport()


def test_f28_errors_take_the_focus_and_lead_to_their_fields(form):
    form.get_by_label("Name", exact=True).fill("bad/name")
    form.get_by_role("button", name="Create key").click()
    expect(form).to_have_title(re.compile("^Error: "))
    expect(form.get_by_role("alert")).to_be_focused()
    form.get_by_role("alert").get_by_role("link", name=re.compile("Use only letters")).click()
    expect(form.get_by_label("Name", exact=True)).to_be_focused()
    expect(form.get_by_label("Name", exact=True)).to_have_value("bad/name")


_ADDRESS = "from keys.models import ProvisioningKey as Key; print(Key.objects.get(name='findable').get_absolute_url())"
_WRONG = {
    "add": {"Name": "bad/name", "Maximum # Of Private Service Edges": "0", "Allowed networks": "everywhere"},
    "edit": {"Name": "bad/name", "Maximum # Of Private Service Edges": "0", "Allowed networks": "everywhere"},
    "delete": {"Type findable to confirm": "another"},
}


@pytest.fixture(scope="module")
def findable(stage):
    """The address of a key."""
    stage.create_key("findable")
    return stage.shell(_ADDRESS).strip()


@pytest.mark.parametrize("verb", _WRONG)
def test_f28_each_error_is_findable(open_page, findable, verb):
    page = open_page(ADD if verb == "add" else f"{findable}{verb}/")
    if verb != "delete":
        page.get_by_text("More settings").click()
    page.evaluate("document.querySelector('main form.form').noValidate = true")
    for label, value in _WRONG[verb].items():
        page.get_by_label(label, exact=label == "Name").fill(value)
    page.locator("main form.form button:not([type])").click()
    expect(page).to_have_title(re.compile("^Error: "))
    page.wait_for_load_state()
    summary = page.get_by_role("alert")
    expect(summary).to_be_focused()
    errors = summary.get_by_role("link")
    assert errors.count() >= len(_WRONG[verb])
    for error in errors.all():
        error.click()
        field = page.locator(error.get_attribute("href"))
        expect(field).to_be_focused()
        expect(field).to_have_attribute("aria-invalid", "true")
        described = " ".join(f"#{each}" for each in field.get_attribute("aria-describedby").split())
        texts = page.locator(described.replace(" ", ", ")).all_inner_texts()
        assert error.text_content() in "\n".join(texts)


def test_a_new_key_for_the_group_of_a_row_starts_with_that_group(open_page, stage):
    stage.create_key("in Rome", group="Rome")
    page = open_page("/service-edge-keys/?q=in+Rome")
    row = page.locator("tbody", has=page.get_by_role("link", name="in Rome", exact=True))
    row.get_by_role("button", name="Details for in Rome").click()
    row.get_by_role("link", name="New key for this group").click()
    expect(page.get_by_label("Private Service Edges Group")).to_have_value("Rome")


def test_f24_two_people_editing_at_once_are_told(open_page, stage):
    stage.create_key("shared")
    first, second = open_page("/service-edge-keys/?q=shared"), open_page("/service-edge-keys/?q=shared")
    for page in (first, second):
        page.get_by_role("link", name="Edit key shared").click()
    first.get_by_label("Maximum # Of Private Service Edges").fill("50")
    first.get_by_role("button", name="Save").click()
    expect(first.get_by_role("status").first).to_contain_text("Limit of “shared” raised to 50")
    second.get_by_label("Maximum # Of Private Service Edges").fill("20")
    second.get_by_label("Name", exact=True).fill("shared by me")
    second.get_by_role("button", name="Save").click()
    expect(second.get_by_role("alert")).to_be_focused()
    expect(second.get_by_role("alert")).to_contain_text(re.compile(r"changed by admin at \d+ \w+ \d{4}, \d\d:\d\d \w+"))
    expect(second.get_by_label("Maximum # Of Private Service Edges")).to_have_value("20")
    expect(second.get_by_label("Name", exact=True)).to_have_value("shared by me")
    expect(second.get_by_role("row", name=re.compile("50 20"))).to_be_visible()
    second.get_by_role("button", name="Save my values").click()
    expect(second.get_by_role("status").first).to_contain_text("Saved key “shared by me”.")
    expect(second.get_by_role("row", name=re.compile("shared by me"))).to_contain_text("0 of 20")


def test_f17_a_text_is_shown_once(form):
    text = fill(form, "shown once", viewable=False).text_content()
    form.get_by_role("link", name="Open the key's page").click()
    expect(form.get_by_role("heading", level=1)).to_have_text("shown once")
    # The answer to the POST is not stored: going back shows the browser's own page, which offers to send it again.
    with pytest.raises(Error, match="ERR_CACHE_MISS"):
        form.go_back()
    form.wait_for_url("chrome-error://chromewebdata/")
    form.goto("/service-edge-keys/?q=shown+once&expand=all")
    form.get_by_role("link", name="shown once", exact=True).click()
    expect(form.get_by_text("Not viewable: the text was shown once")).to_be_visible()
    assert text not in form.content()
    form.goto(ADD)
    assert text not in form.content()
    form.goto("/service-edge-keys/?q=shown+once&expand=all")
    assert text not in form.content()
    expect(form.get_by_role("button", name="Copy key shown once")).to_have_count(0)


@pytest.mark.parametrize("way", ["copy", "copy by hand", "download", "tick"])
def test_f18_done_waits_until_the_text_is_kept(form, way):
    fill(form, f"kept by {way}", viewable=False)
    done = form.get_by_role("button", name="Done")
    expect(done).to_be_disabled()
    expect(done).to_have_accessible_description("Copy or download the key first, or tick that you have stored it.")
    done.press("Enter")
    expect(form.locator("#toast")).to_contain_text("Copy or download the key first")
    expect(form.locator("#provisioning-key")).to_be_visible()
    if way == "copy":
        form.get_by_role("button", name="Copy key").click()
    elif way == "copy by hand":
        form.evaluate("getSelection().selectAllChildren(document.getElementById('provisioning-key'))")
        form.keyboard.press("ControlOrMeta+c")
    elif way == "download":
        with form.expect_download():
            form.get_by_role("button", name="Download key").click()
    else:
        form.get_by_label("I have stored the key in a vault").check()
    expect(done).to_be_enabled()
    # Where it leads to has nothing to do with the way, and the list is the longest page here.
    if way == "tick":
        done.click()
        expect(form).to_have_url(re.compile(r"/service-edge-keys/\??$"))


def test_f18_every_other_way_out_asks_until_the_text_is_kept(open_page):
    form = open_page("about:blank", permissions=["clipboard-read", "clipboard-write"])
    form.goto(ADD)
    fill(form, "not lost", viewable=False)
    form.get_by_role("heading", level=1).click()
    asked = []
    form.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    menu, crumbs = form.get_by_role("navigation", name="Main"), form.get_by_role("navigation", name="Breadcrumb")
    ways = {
        "menu": menu.get_by_role("link", name="Service Edges").click,
        "breadcrumb": crumbs.get_by_role("link", name="Service Edge Keys").click,
        "page of the key": form.get_by_role("link", name="Open the key's page").click,
        "reload": lambda: form.evaluate("location.reload()"),
        "back": lambda: form.evaluate("history.back()"),
        "close": lambda: form.close(run_before_unload=True),
    }
    for number, leave in enumerate(ways.values(), 1):
        with form.expect_event("dialog"):
            leave()
        expect(form.locator("#provisioning-key")).to_be_visible()
        assert asked == ["beforeunload"] * number
    form.get_by_role("button", name="Copy key").click()
    expect(form.get_by_text("You can leave this page")).to_be_visible()
    ways["menu"]()
    expect(form).to_have_url(re.compile("/service-edges/$"))
    assert len(asked) == len(ways)


def test_a_double_submit_makes_one_key_whichever_worker_answers(form):
    form.get_by_label("Name", exact=True).fill("pressed twice")
    form.get_by_label("Private Service Edges Group").fill("pressed group")
    form.get_by_role("option", name="Create “pressed group”").click()
    answers = form.evaluate("""async () => {
        const body = new URLSearchParams(new FormData(document.querySelector("main form.form")));
        const send = () => fetch(location.href, {method: "POST", body}).then((answer) => answer.text());
        return Promise.all([send(), send(), send()]);
    }""")
    headings = [re.sub("<[^>]*>", "", re.search("<h1.*?</h1>", page, re.DOTALL)[0]).strip() for page in answers]
    assert sorted(headings) == [
        "Key “pressed twice” was made",
        "Key “pressed twice” was made",
        "pressed twice is ready",
    ]


def test_a_reload_of_the_page_of_a_new_key_names_what_was_made(form):
    fill(form, "reloaded", viewable=False)
    form.get_by_label("I have stored the key in a vault").check()
    form.reload()
    expect(form.get_by_role("heading", level=1)).to_have_text("Key “reloaded” was made")
    form.get_by_role("link", name="Delete key").click()
    expect(form.get_by_role("heading", level=1)).to_have_text("Delete reloaded?")


def test_f18_without_javascript_done_leads_on(open_page):
    page = open_page(ADD, java_script_enabled=False)
    fill(page, "kept plainly", viewable=False)
    expect(page.get_by_text("copy it before you leave, reload or close this page")).to_be_visible()
    expect(page.get_by_text("Copy or download the key first")).to_be_hidden()
    page.get_by_role("button", name="Done").click()
    expect(page.get_by_role("link", name="kept plainly", exact=True)).to_be_visible()


def test_f19_the_next_steps_are_copied_without_the_key_and_the_user_data_with_it(form):
    text = fill(form, "to deploy").text_content()
    portal = "/".join(form.url.split("/")[:3])
    for platform in ("Virtual machine", "Linux package", "Container", "curl + openssl"):
        form.get_by_role("tab", name=platform).click()
        line = form.get_by_label(f"Command for {platform}")
        expect(line).to_contain_text(portal)
        form.get_by_role("button", name=f"Copy command for {platform}").click()
        form.wait_for_function(COPIED, arg=line.text_content())
        assert text not in line.text_content()
    expect(form.get_by_role("link", name="Add another key")).to_have_attribute("href", ADD)
    for page in ("of the new key", "of the key"):
        form.get_by_role("tab", name="cloud-init").click()
        user_data = form.get_by_label("Command for cloud-init").text_content()
        form.get_by_role("button", name="Insert key and copy for cloud-init").click()
        expect(form.locator("#toast"), page).to_have_text("Key copied to clipboard.")
        form.wait_for_function(COPIED, arg=user_data.replace("PROVISIONING_KEY", text, 1))
        if page == "of the new key":
            form.get_by_role("link", name="View group").click()
            form.get_by_role("link", name="to deploy", exact=True).click()
    assert text not in form.content()


def test_f18_copying_a_command_does_not_count_as_keeping_the_key(form):
    fill(form, "not kept yet", viewable=False)
    form.get_by_role("button", name="Copy command for Virtual machine").click()
    expect(form.locator("#toast")).to_have_text("Command copied to clipboard.")
    expect(form.get_by_role("button", name="Done")).to_be_disabled()
