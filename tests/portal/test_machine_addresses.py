"""Addresses of programs: wrong slashes get the right address, and probes are answered under any host name."""

from __future__ import annotations

from django.test import Client, override_settings

from portal import health
from tests.base import PortalTestCase

RIGHT = (
    "/enrollment/v1/enroll", "/enrollment/v1/renew", "/enrollment/v1/heartbeat", "/.well-known/est/simpleenroll",
    "/.well-known/est/cacerts", "/.well-known/est/3/simpleenroll", "/pki/1.crl", "/pki/1.cer", "/healthz", "/readyz",
    "/metrics",
)  # fmt: skip


def misspelled(right: str) -> list[str]:
    """The address with an extra slash in front, before the last part, at the end, and in all three places."""
    head, last = right.rsplit("/", 1)
    return [f"/{right}", f"{head}//{last}", f"{right}/", f"{right}//", f"//{right.replace('/', '//')}///"]


class SlashTests(PortalTestCase):
    """The test client reads a host after `//`, so the path is given as PATH_INFO."""

    def test_a_doubled_or_trailing_slash_is_answered_with_the_right_address(self) -> None:
        for right in RIGHT:
            for wrong in misspelled(right):
                # Neither over http nor over https is it redirected.
                for ask in (self.client.head, Client().post, self.client.post):
                    with self.subTest(wrong, ask=ask):
                        response = ask("/", PATH_INFO=wrong)
                        self.assertEqual(response.status_code, 404)
                        self.assertEqual(response["Content-Type"], "application/problem+json")
                self.assertEqual(response.json()["code"], "unknown_address")
                self.assertIn(f"Use {right}:", response.json()["detail"])

    def test_also_under_a_host_name_that_is_not_ours_and_without_a_token(self) -> None:
        client = Client(enforce_csrf_checks=True)
        response = client.post("/", PATH_INFO="//enrollment/v1/enroll", headers={"Host": "10.0.0.7"})
        self.assertIn("Use /enrollment/v1/enroll:", response.json()["detail"])

    def test_what_is_unknown_below_them_is_no_page_either_and_is_not_repeated(self) -> None:
        for path in ("/enrollment/v1/nothing", "/enrollment/v1/nothing/", "/pki/one.crl", "/enrollment/v2/enroll",
                     "/enrollment/v1/PSEKkey/", "/pki//PSEKkey.crl/"):  # fmt: skip
            response = self.client.get(path)
            self.assertEqual((response.status_code, response["Content-Type"]), (404, "application/problem+json"), path)
            self.assertNotIn("PSEK", response.content.decode())
        for path in ("/.well-known/est/nothing//", "/.well-known/est//PSEKkey/simpleenroll"):
            response = self.client.get(path)
            self.assertEqual((response.status_code, response["Content-Type"]), (404, "text/plain; charset=utf-8"))
            self.assertNotIn("PSEK", response.content.decode())

    def test_a_page_stays_a_page(self) -> None:
        for path in ("//service-edge-keys/", "/nothing", "/service-edge-keys//1/"):
            self.assertTrue(self.client.get("/", PATH_INFO=path)["Content-Type"].startswith("text/html"), path)

    def test_headers_of_est_stay_few(self) -> None:
        for wrong in misspelled("/.well-known/est/simpleenroll"):
            self.assertNotIn("Content-Security-Policy", self.client.get("/", PATH_INFO=wrong))


@override_settings(METRICS_OPEN=True)
class AnyHostTests(PortalTestCase):
    HOSTS = ("10.0.0.7:8000", "[2001:db8::7]", "portal-7f9c", "evil.example", "not a host", "")

    def setUp(self) -> None:
        health.last = health.Answer()
        self.addCleanup(setattr, health, "last", health.Answer())

    def test_probes_answer_for_any_host(self) -> None:
        for host in self.HOSTS:
            for path in ("/healthz", "/readyz", "/metrics"):
                with self.subTest(host, path=path):
                    self.assertEqual(self.client.get(path, headers={"Host": host}).status_code, 200)

    def test_over_plain_http_those_that_say_yes_or_no(self) -> None:
        for host in ("testserver", *self.HOSTS):
            for path in ("/healthz", "/readyz"):
                self.assertEqual(Client().get(path, headers={"Host": host}).status_code, 200, (host, path))
            # A token must not travel in clear, and nobody's name is redirected to.
            response = Client().get("/metrics", headers={"Host": host})
            self.assertEqual((response.status_code, response["Location"]), (301, "https://testserver/metrics"))

    def test_nothing_else_does(self) -> None:
        for path in ("/accounts/login/", "/enrollment/v1/enroll", "/.well-known/est/cacerts", "/"):
            self.assertEqual(self.client.get(path, headers={"Host": "evil.example"}).status_code, 400, path)
