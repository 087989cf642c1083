"""Sign in to a portal and check that a row of the keys page says what it should:
`python -m tests.support.count_on_page URL USERNAME PASSWORD KEY TEXT`."""

from __future__ import annotations

import sys
import urllib.parse
import urllib.request
from http.cookiejar import CookieJar

from tests.support.html import csrf_token, texts


def signed_in(url: str, username: str, password: str) -> urllib.request.OpenerDirector:
    """A browser without scripts, signed in."""
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
    token = csrf_token(browser.open(f"{url}/accounts/login/").read().decode())
    fields = {"username": username, "password": password, "csrfmiddlewaretoken": token}
    request = urllib.request.Request(f"{url}/accounts/login/", urllib.parse.urlencode(fields).encode())
    request.add_header("Referer", f"{url}/accounts/login/")
    browser.open(request)
    return browser


def page(url: str, username: str, password: str) -> str:
    """The keys page as a signed-in administrator sees it."""
    return str(signed_in(url, username, password).open(f"{url}/service-edge-keys/?per_page=100").read().decode())


def main(url: str, username: str, password: str, key: str, text: str) -> int:
    found = [row for row in texts(page(url, username, password), "tbody") if key in row]
    print("\n".join(found) or f"no row of {key}")
    return 0 if any(text in row for row in found) else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
