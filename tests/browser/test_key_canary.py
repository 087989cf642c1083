"""F16: the secret of a key is nowhere in the list, even after it was copied. F21: how far keys are used."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Page, expect

from tests.support.pdf import text_of

pytestmark = pytest.mark.browser
LIST = "/service-edge-keys/"
USED = [
    (0, 5, "Ready"),
    (3, 5, "Ready"),
    (4, 5, "Nearly used up"),
    (1, 1, "At limit"),
    (799_999_999, 999_999_999, "Ready"),
    (800_000_000, 999_999_999, "Nearly used up"),
    (999_999_999, 999_999_999, "At limit"),
    (2_147_483_646, 2_147_483_647, "Nearly used up"),
]
_USE = """
from keys.models import ProvisioningKey
from tests.factories import make_group, make_key
group = make_group("Meters")
for number, (uses, most, words) in enumerate({used!r}):
    key, text = make_key(f"meter {{number}}", group=group, max_uses=most)
    ProvisioningKey.objects.filter(pk=key.pk).update(uses=uses)
"""
# Everything a page can leave in a browser, beside its HTML.
_KEPT = """async () => JSON.stringify([
    {...localStorage}, {...sessionStorage}, document.cookie, history.state, name, await caches.keys(),
    (await indexedDB.databases()).map((each) => each.name)])"""


@pytest.fixture(scope="module")
def texts(stage):
    """The texts of a key with uses left and of one at its limit."""
    texts = {"canary": stage.create_key("canary"), "canary full": stage.create_key("canary full", max_uses=1)}
    stage.enroll(texts["canary full"])
    return texts


def assert_absent(page: Page, texts: dict[str, str]) -> None:
    """No eight characters of a secret are in the page, in what it keeps, in its cookies, or on its paper."""
    places = {
        "HTML": page.content(),
        "attributes and values": page.evaluate(
            "[...document.querySelectorAll('*')].flatMap((each) => "
            "[...[...each.attributes].map((one) => one.value), each.value ?? '']).join('\\n')"
        ),
        "storage": page.evaluate(_KEPT),
        "cookies": json.dumps(page.context.cookies()),
        "address": page.url,
        "paper": text_of(page.pdf()),
    }
    assert "canary" in places["HTML"]
    assert "canary" in places["paper"]
    for place, content in places.items():
        for text in texts.values():
            # Behind the public id, before the checksum.
            secret = text.split("|")[2][27:-10]
            assert not [at for at in range(len(secret) - 8) if secret[at : at + 8] in content], place


def test_f16_no_secret_is_in_the_list_even_after_it_was_copied(open_page, texts):
    page = open_page(f"{LIST}?q=canary&expand=all", permissions=["clipboard-read", "clipboard-write"])
    assert_absent(page, texts)
    page.get_by_role("button", name="Copy key canary", exact=True).click()
    expect(page.locator("#toast")).to_have_text("Key copied to clipboard.")
    assert page.evaluate("navigator.clipboard.readText()") == texts["canary"]
    assert_absent(page, texts)
    page.get_by_role("button", name="Show key canary", exact=True).click()
    expect(page.locator("pre.secret:visible")).to_have_text(texts["canary"])
    page.get_by_role("button", name="Hide key canary", exact=True).click()
    assert_absent(page, texts)
    page.reload()
    assert_absent(page, texts)


def test_f16_the_look_for_a_secret_finds_one(open_page, texts):
    """Without this the test above would pass if it looked for the wrong thing."""
    page = open_page(f"{LIST}?q=canary&expand=all")
    page.get_by_role("button", name="Show key canary", exact=True).click()
    expect(page.locator("pre.secret:visible")).to_have_text(texts["canary"])
    with pytest.raises(AssertionError, match="HTML"):
        assert_absent(page, texts)


@pytest.mark.parametrize("scripts", [True, False], ids=["with-js", "without-js"])
def test_f21_the_use_is_said_in_words_and_by_a_meter(open_page, meters, scripts):
    page = open_page(f"{LIST}?q=meter", java_script_enabled=scripts)
    for number, (uses, most, words) in enumerate(USED):
        row = page.locator("tbody.record", has=page.get_by_role("link", name=f"meter {number}")).locator(".row")
        expect(row.locator(".state")).to_have_text(words)
        cell = row.locator("td.use")
        expect(cell.locator(".used")).to_have_text(f"{uses:,} of {most:,}")
        meter = cell.locator("meter")
        shown = meter.evaluate("meter => [meter.min, meter.value, meter.max]") if scripts else None
        assert shown in (None, [0, uses, most])
        assert [meter.get_attribute(name) for name in ("value", "max")] == [str(uses), str(most)]


@pytest.fixture(scope="module")
def meters(stage):
    stage.shell(_USE.format(used=USED))
