"""Every response has its security headers, including errors and the admin."""

from django.http import HttpResponse
from django.test import Client, RequestFactory, override_settings

from portal.middleware import LeanHeadersMiddleware, SecurityHeadersMiddleware
from tests.base import PortalTestCase

ONLY_FOR_PAGES = ("Cross-Origin-Opener-Policy", "Referrer-Policy", "Last-Modified", "X-Request-Id")


class HeadersTest(PortalTestCase):
    def assert_strict(self, path: str, status: int) -> None:
        response = self.client.get(path)
        self.assertEqual(response.status_code, status, path)
        policy = response["Content-Security-Policy"]
        self.assertIn("default-src 'none'", policy)
        self.assertNotIn("unsafe", policy)
        self.assertEqual(response["X-Frame-Options"], "DENY")
        self.assertEqual(response["X-Content-Type-Options"], "nosniff")
        self.assertEqual(response["Referrer-Policy"], "same-origin")
        self.assertIn("max-age=31536000", response["Strict-Transport-Security"])
        self.assertIn("no-store", response["Cache-Control"])
        self.assertRegex(response["X-Request-Id"], r"^[0-9a-f]{16}$")

    def test_pages_errors_and_the_admin_are_strict(self) -> None:
        self.assert_strict("/accounts/login/", 200)
        self.sign_in("ada")
        for path, status in [("/service-edge-keys/", 200), ("/nothing/", 404), ("/admin/", 200)]:
            self.assert_strict(path, status)

    def test_what_may_become_a_page_has_a_policy_and_what_may_not_is_light(self) -> None:
        for content_type, has_policy in (
            ("text/html", True), ("image/svg+xml", True), ("text/plain", True), ("application/pdf", True), ("", True),
            ("text/css", False), ('text/javascript; charset="utf-8"', False), ("font/woff2", False),
        ):  # fmt: skip
            response = HttpResponse("", content_type=content_type, headers=dict.fromkeys(ONLY_FOR_PAGES, "x"))
            secured = SecurityHeadersMiddleware(lambda request, response=response: response)
            LeanHeadersMiddleware(secured)(RequestFactory().get("/"))
            self.assertIs("Content-Security-Policy" in response, has_policy, content_type)
            self.assertIs("Permissions-Policy" in response, has_policy, content_type)
            for name in ONLY_FOR_PAGES:
                self.assertIs(name in response, has_policy, f"{content_type} {name}")

    def test_trusted_types_hold_everywhere(self) -> None:
        self.sign_in("ada")
        for path in ("/service-edge-keys/", "/nothing/", "/admin/", "/admin/keys/provisioningkey/add/"):
            policy = self.client.get(path)["Content-Security-Policy"]
            self.assertIn("require-trusted-types-for 'script'", policy, path)

    def test_g01_a_post_without_token_or_from_another_origin_is_refused(self) -> None:
        client = self.client_class(enforce_csrf_checks=True)
        fields = {"username": "ann", "password": "x"}
        self.assertEqual(client.post("/accounts/login/", fields).status_code, 403)
        client.get("/accounts/login/")
        token = client.cookies["__Host-csrf"].value
        for origin in ["https://evil.example", "null"]:
            response = client.post(
                "/accounts/login/", {**fields, "csrfmiddlewaretoken": token}, headers={"Origin": origin}
            )
            self.assertEqual(response.status_code, 403, origin)

    def test_http_leads_to_https_except_where_machines_need_it(self) -> None:
        plain = Client()
        response = plain.get("/service-edge-keys/")
        self.assertEqual((response.status_code, response["Location"]), (301, "https://testserver/service-edge-keys/"))
        self.assertEqual(plain.get("/healthz").status_code, 200)
        self.assertEqual(plain.get("/pki/0.cer").status_code, 404)

    def test_a_client_cannot_claim_https_itself(self) -> None:
        claim = {"X-Forwarded-Proto": "https"}
        self.assertEqual(Client().get("/accounts/login/", headers=claim).status_code, 301)
        with override_settings(TRUSTED_PROXIES=["127.0.0.1"]):
            self.assertEqual(Client().get("/accounts/login/", headers=claim).status_code, 200)

    def test_a_request_id_is_taken_only_from_a_trusted_proxy(self) -> None:
        sent = {"X-Request-Id": "chosen-by-client-1"}
        self.assertNotEqual(self.client.get("/healthz", headers=sent)["X-Request-Id"], "chosen-by-client-1")
        with override_settings(TRUSTED_PROXIES=["127.0.0.1"]):
            self.assertEqual(self.client.get("/healthz", headers=sent)["X-Request-Id"], "chosen-by-client-1")
            odd = {"X-Request-Id": "x\u2028y" * 9}
            self.assertRegex(self.client.get("/healthz", headers=odd)["X-Request-Id"], r"^[0-9a-f]{16}$")
