"""A form that is not accepted gets a page that explains it."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User

from keys.models import ServiceEdgeGroup
from portal.sessions import end_sessions
from tests.base import PortalTestCase, make_user
from tests.support.html import csrf_token

PASSWORD = "correct horse battery staple"  # of these tests
ADD = "/enrollment-certificates/add/generate/"
HERE = "https://testserver"


class LostFormTest(PortalTestCase):
    def setUp(self) -> None:
        make_user("sue")
        self.sue = User.objects.get(username="sue")
        self.sue.set_password(PASSWORD)
        self.sue.save()
        self.browser = self.client_class(enforce_csrf_checks=True)
        self.sign_in_here()

    def token(self, address: str) -> str:
        return csrf_token(self.browser.get(address))

    def sign_in_here(self) -> None:
        token = self.token("/accounts/login/")
        response = self.send("/accounts/login/", token, username="sue", password=PASSWORD)
        self.assertEqual(response.status_code, 302)

    def send(self, address: str, token: str, page: str = "", **fields: str) -> Any:
        headers = {"Referer": f"{HERE}{page or address}"}
        return self.browser.post(address, {**fields, "csrfmiddlewaretoken": token}, headers=headers)

    def test_a_form_of_an_ended_session_says_that_nothing_was_stored_and_leads_back(self) -> None:
        token = self.token("/preferences/")
        end_sessions(self.sue)
        page = "/service-edge-keys/?q=here"
        response = self.send("/preferences/density/", token, page=page, density="compact")
        self.assertContains(response, "Nothing was stored", status_code=401)
        self.assertContains(response, "You are signed out", status_code=401)
        self.assertContains(response, 'href="/accounts/login/?next=/service-edge-keys/%3Fq%3Dhere"', status_code=401)

    def test_a_form_older_than_a_sign_in_in_another_tab_says_so(self) -> None:
        token = self.token(ADD)
        groups = ServiceEdgeGroup.objects.count()
        self.browser.get("/accounts/login/")
        self.browser.logout()
        self.sign_in_here()
        response = self.send(ADD, token, name="typed")
        self.assertContains(response, "signed in or out in another tab", status_code=403)
        self.assertContains(response, "Nothing was stored", status_code=403)
        self.assertContains(response, f'href="{ADD}"', status_code=403)
        self.assertEqual(ServiceEdgeGroup.objects.count(), groups)

    def test_a_second_sign_in_page_leads_to_the_front_page(self) -> None:
        self.browser.logout()
        token = self.token("/accounts/login/")
        self.sign_in_here()
        response = self.send("/accounts/login/", token, username="sue", password=PASSWORD)
        self.assertContains(response, 'href="/"', status_code=403)

    def test_without_cookies_it_says_that_cookies_are_missing(self) -> None:
        self.browser.logout()
        token = self.token("/accounts/login/")
        self.browser.cookies.clear()
        response = self.send("/accounts/login/", token, username="sue", password=PASSWORD)
        self.assertContains(response, "cookies are blocked", status_code=403)

    def test_a_form_of_another_site_is_called_so_and_leads_nowhere_else(self) -> None:
        headers = {"Origin": "https://evil.example", "Referer": "https://evil.example/trap"}
        response = self.browser.post("/preferences/", {"theme": "dark"}, headers=headers)
        self.assertContains(response, "came from another site", status_code=403)
        self.assertNotContains(response, "evil", status_code=403)

    def test_the_way_back_is_never_another_site(self) -> None:
        for page in ("//evil.example/x", r"/\evil.example/x", "/accounts/login/"):
            response = self.send("/preferences/", "0" * 32, page=page)
            self.assertContains(response, 'href="/"', status_code=403)
            self.assertNotContains(response, "evil", status_code=403)

    def test_a_program_gets_the_same_as_a_problem_document(self) -> None:
        response = self.browser.post("/preferences/", {}, headers={"Accept": "application/json", "Referer": f"{HERE}/"})
        self.assertEqual((response.status_code, response.json()["code"]), (403, "form_not_taken"))

    def test_who_was_never_here_is_led_to_sign_in(self) -> None:
        self.assertEqual(self.client_class().post("/preferences/", {}).status_code, 302)
