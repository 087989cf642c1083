"""Signing in as a browser does, past the test client: a page for its token, then the form."""

from __future__ import annotations

import urllib.error
import urllib.parse
import urllib.request

from tests.support.html import csrf_token


def guess(url: str, username: str, number: int = 0, password: str = "", **headers: str) -> tuple[int, str]:
    """Status and page of one attempt; without a password with one that is wrong and like no other."""
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    browser.addheaders = list(headers.items())
    with browser.open(f"{url}/accounts/login/", timeout=60) as page:
        token = csrf_token(page.read().decode())
    fields = {
        "username": username,
        "password": password or f"wrong {number}",
        "csrfmiddlewaretoken": token,
    }
    try:
        with browser.open(f"{url}/accounts/login/", urllib.parse.urlencode(fields).encode(), timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
