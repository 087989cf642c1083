"""Sign in to a portal and check that a row of the keys page says what it should:
`python -m tests.support.count_on_page URL USERNAME PASSWORD KEY TEXT`."""

from __future__ import annotations

import re
import sys
import urllib.parse
import urllib.request
from http.cookiejar import CookieJar


def signed_in(url: str, username: str, password: str) -> urllib.request.OpenerDirector:
    """A browser without scripts, signed in."""
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
    form = browser.open(f"{url}/accounts/login/").read().decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', form)
    fields = {"username": username, "password": password, "csrfmiddlewaretoken": token[1] if token else ""}
    request = urllib.request.Request(f"{url}/accounts/login/", urllib.parse.urlencode(fields).encode())
    request.add_header("Referer", f"{url}/accounts/login/")
    browser.open(request)
    return browser


def page(url: str, username: str, password: str) -> str:
    """The keys page as a signed-in administrator sees it."""
    return str(signed_in(url, username, password).open(f"{url}/service-edge-keys/?per_page=100").read().decode())


def main(url: str, username: str, password: str, key: str, text: str) -> int:
    rows = re.findall(r"<tbody.*?</tbody>", page(url, username, password), re.DOTALL)
    plain = [" ".join(re.sub(r"<[^>]+>", " ", row).split()) for row in rows]
    found = [row for row in plain if key in row]
    print("\n".join(found) or f"no row of {key}")
    return 0 if any(text in row for row in found) else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
