"""Each system check reports its mistake, and nothing for a correct configuration."""

from django.core import checks
from django.db import connection
from django.test import override_settings

from keys.checks import keyring_opens_what_is_sealed
from portal import triggers
from tests import factories
from tests.base import PortalTestCase


def ids(**options) -> set[str]:
    return {message.id for message in checks.run_checks(databases=["default"], **options)}


class ChecksTest(PortalTestCase):
    def test_a_sound_configuration_has_no_warning_or_error(self) -> None:
        factories.preload()
        found = checks.run_checks(databases=["default"], include_deployment_checks=True)
        self.assertEqual([message for message in found if message.level >= checks.WARNING], [])

    def test_a_short_secret_key_is_refused(self) -> None:
        with override_settings(SECRET_KEY="short"):  # the mistake under test
            self.assertIn("portal.E001", ids())

    def test_every_host_is_refused(self) -> None:
        with override_settings(ALLOWED_HOSTS=["*"]):
            self.assertIn("portal.E002", ids())

    def test_a_missing_trigger_is_named(self) -> None:
        name = "audit_event_refuses_update"
        with connection.cursor() as cursor:
            on = "" if connection.vendor == "sqlite" else " ON portal_auditevent"
            cursor.execute(f"DROP TRIGGER {name}{on}")
        self.assertEqual(triggers.missing(), [name])
        self.assertIn("portal.W003", ids())
        triggers.create_all()
        self.assertEqual(triggers.missing(), [])

    def test_plain_http_is_a_deployment_warning(self) -> None:
        with override_settings(PLAIN_HTTP=True):
            self.assertIn("portal.W004", ids(include_deployment_checks=True))

    def test_an_unreadable_proxy_is_refused(self) -> None:
        with override_settings(TRUSTED_PROXIES=["10.0.0.0/8", "unix", "nginx"]):
            self.assertIn("portal.E005", ids())

    def test_a_header_that_means_something_else_is_refused(self) -> None:
        for name in ("Host", "X-Forwarded-For", "X_Client_Cert", "X Client Cert", "X-Client-Cert:", "cookie"):
            with self.subTest(name), override_settings(CLIENT_CERT_HEADER=name):
                self.assertIn("portal.E012", ids())
        for name in ("X-SSL-Cert", "none"):
            with override_settings(CLIENT_CERT_HEADER=name):
                self.assertNotIn("portal.E012", ids())

    def test_the_addresses_in_certificates_are_plain_http_and_hold_no_user(self) -> None:
        for url in ("http://pki.example.com", "http://p.example:8080/a/b", "http://[2001:db8::1]:80", "http://my_host"):
            with self.subTest(url), override_settings(PKI_URL=url):
                self.assertFalse({"portal.E013", "portal.E014", "portal.W015"} & ids(include_deployment_checks=True))
        for url in (
            "https://p", "http://user:secret@p", "http://user@p", "http://", "p.example", "ldap://p", "http://p/?q",
            "http://p/#f", "http://p:99999", "http://p:0", "http://p q", "http://p\n", "http://pkí",
        ):  # fmt: skip
            with self.subTest(url), override_settings(PKI_URL=url):
                self.assertIn("portal.E014", ids())
                self.assertNotIn("secret", str(checks.run_checks()))
            if url.startswith("http:"):
                with self.subTest(url), override_settings(PORTAL_URL=url):
                    self.assertIn("portal.E013", ids())

    def test_the_https_port_is_no_address_of_revocation_lists(self) -> None:
        for portal, pki, found in (
            ("https://p:8443", "http://p:8443", True), ("https://p:8443", "http://p:8080", False),
            ("https://p", "http://p", False), ("http://p:80", "http://p:80", False),
            ("https://[::1]", "http://[::1]", False),
        ):  # fmt: skip
            with self.subTest(portal), override_settings(PORTAL_URL=portal, PKI_URL=pki):
                self.assertEqual("portal.W015" in ids(include_deployment_checks=True), found)

    def test_a_domain_too_long_for_strongswan_is_mentioned(self) -> None:
        with override_settings(CLOUD_DOMAIN="a" * 43):
            self.assertIn("portal.W006", ids())

    def test_an_organization_too_long_for_a_certificate_is_refused(self) -> None:
        with override_settings(CUSTOMER_ID="1" * 65):
            self.assertIn("portal.E008", ids())

    def test_a_missing_or_open_keyring_is_refused(self) -> None:
        with override_settings(KEYRING_FILE="/does/not/exist"):
            self.assertIn("keys.E001", ids())

    def test_a_keyring_without_a_key_in_use_is_named(self) -> None:
        factories.preload()
        with override_settings(KEYRING_FILE=other_keyring()):
            self.assertIn("keys.E003", ids())
            with self.assertRaisesMessage(ValueError, "The keyring has no key 'test'"):
                keyring_opens_what_is_sealed()
        self.assertTrue(keyring_opens_what_is_sealed())


def other_keyring() -> str:
    """A keyring file whose key has a different id."""
    from keys.crypto import keyring
    from tests.settings import STATE

    path = STATE / "other-keyring.json"
    path.write_text(keyring.generate("other"))
    path.chmod(0o600)
    return str(path)
