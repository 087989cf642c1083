"""The caller's address: whose header counts, and how proxies write it."""

from __future__ import annotations

from django.http import HttpRequest
from django.test import RequestFactory, SimpleTestCase, override_settings

from portal import client_ip as module
from portal.client_ip import client_ip, is_loopback
from tests.base import PortalTestCase

PROXY = "10.0.0.1"
WRITTEN = {
    "203.0.113.5": "203.0.113.5",
    "203.0.113.5:4711": "203.0.113.5",
    '"203.0.113.5"': "203.0.113.5",
    '"203.0.113.5:4711"': "203.0.113.5",
    "::ffff:203.0.113.5": "203.0.113.5",
    "[::ffff:203.0.113.5]:4711": "203.0.113.5",
    "2001:db8::5": "2001:db8::5",
    "[2001:DB8::5]": "2001:db8::5",
    "[2001:db8::5]:4711": "2001:db8::5",
    '"[2001:db8::5]:4711"': "2001:db8::5",
    "[fe80::1%eth0]:4711": "fe80::1",
    "fe80::1%25eth0": "fe80::1",
}
NO_ADDRESS = ("unknown", "_hidden", "nonsense", ",", "[]", "[]:80", ":4711", "203.0.113", "203.0.113.5 x",
              "[203.0.113.5", "0x7f.1", "203.0.113.5:", "a" * 4_000, '"', "1" * 4_000, "203.0.113.5, ")  # fmt: skip


@override_settings(TRUSTED_PROXIES=[PROXY, "10.0.1.0/24", "2001:db8:1::/64", "unix"])
class ClientAddressTests(SimpleTestCase):
    def setUp(self) -> None:
        module._warned.reset()

    def address(self, peer: str = PROXY, **headers: str) -> str | None:
        request: HttpRequest = RequestFactory().get("/", REMOTE_ADDR=peer, headers=headers)
        return client_ip(request)

    def by_list(self, value: str, peer: str = PROXY) -> str | None:
        return self.address(peer, **{"X-Forwarded-For": value})

    def test_an_address_is_read_however_a_proxy_writes_it(self) -> None:
        for written, address in WRITTEN.items():
            for value in (written, f" {written} ", f"192.0.2.66, {written}", f"192.0.2.66,{written},10.0.1.5:80"):
                with self.subTest(value):
                    self.assertEqual(self.by_list(value), address)
                    self.assertEqual(self.by_list(value, peer=""), address)

    def test_what_is_no_address_is_nobodys_and_never_the_proxys(self) -> None:
        for value in NO_ADDRESS:
            for forwarded in (value, f"192.0.2.66, {value}", f"192.0.2.66, {value}, 10.0.1.5"):
                with self.subTest(forwarded[:40]), self.assertLogs("portal.client_ip", "WARNING"):
                    module._warned.reset()
                    self.assertIsNone(self.by_list(forwarded))

    def test_the_operator_hears_of_it_once_a_minute_and_the_log_does_not_repeat_it(self) -> None:
        with self.assertLogs("portal.client_ip", "WARNING") as logged:
            for _ in range(3):
                self.by_list("nonsense")
        self.assertEqual(len(logged.records), 1)
        self.assertNotIn("nonsense", logged.output[0])

    def test_without_the_header_it_is_who_asked(self) -> None:
        """For example the proxy's own health checks."""
        self.assertEqual(self.address(), PROXY)
        self.assertEqual(self.by_list("  "), PROXY)
        self.assertIsNone(self.address(""))

    def test_what_stands_before_the_first_untrusted_address_does_not_matter(self) -> None:
        self.assertEqual(self.by_list("nonsense, 203.0.113.5:80, [2001:db8:1::7]:80, 10.0.1.5"), "203.0.113.5")

    def test_forwarded_counts_where_there_is_no_list(self) -> None:
        for written, address in WRITTEN.items():
            value = written if '"' in written else f'"{written}"'
            for forwarded in (
                f"for={value}",
                f"For={value};proto=https;by=_edge",
                f'proto=https; for="192.0.2.66, x\\"" , host="a;b,c" ;FOR={value}',
                f"for=192.0.2.66, for={value}, for=10.0.1.5;proto=http",
            ):
                with self.subTest(forwarded):
                    self.assertEqual(self.address(Forwarded=forwarded), address)
        self.assertEqual(self.address(Forwarded="for=203.0.113.5"), "203.0.113.5")
        self.assertEqual(
            self.address(**{"Forwarded": "for=192.0.2.66", "X-Forwarded-For": "203.0.113.5"}), "203.0.113.5"
        )

    def test_a_forwarded_that_cannot_be_read_whole_is_nobodys(self) -> None:
        """A quote that a client opens could hide what the proxy appends."""
        for forwarded in (
            'for="evil, for=203.0.113.5',
            'for="x, for="[2001:db8::5]:4711"',
            'for="a\\, for="203.0.113.5"',
            "for=unknown",
            "for=_hidden",
            "proto=https",
            "for=203.0.113.5,",
            "203.0.113.5",
            "for=192.0.2.66;for",
            ",",
        ):
            with self.subTest(forwarded):
                self.assertIsNone(self.address(Forwarded=forwarded))

    def test_from_anybody_else_neither_header_counts(self) -> None:
        for peer in ("203.0.113.9", "10.0.2.1"):
            headers = {"X-Forwarded-For": "192.0.2.1:80", "Forwarded": "for=192.0.2.1"}
            self.assertEqual(self.address(peer, **headers), peer)


class ClientAddressTest(PortalTestCase):
    def address(self, forwarded: str, peer: str = "10.0.0.1", trusted: tuple[str, ...] = ("10.0.0.0/8",)) -> str | None:
        request: HttpRequest = RequestFactory().get("/", REMOTE_ADDR=peer, HTTP_X_FORWARDED_FOR=forwarded)
        with override_settings(TRUSTED_PROXIES=list(trusted)):
            return client_ip(request)

    def test_an_untrusted_peer_is_the_client_whatever_it_claims(self) -> None:
        self.assertEqual(self.address("192.0.2.1", peer="203.0.113.5"), "203.0.113.5")
        self.assertEqual(self.address("192.0.2.1", trusted=()), "10.0.0.1")

    def test_the_nearest_stranger_is_the_client(self) -> None:
        self.assertEqual(self.address("192.0.2.1"), "192.0.2.1")
        self.assertEqual(self.address("198.51.100.66, 192.0.2.1, 10.9.9.9"), "192.0.2.1")
        self.assertEqual(self.address("spoofed, 192.0.2.1"), "192.0.2.1")

    def test_a_broken_list_is_nobodys_and_none_is_the_peers(self) -> None:
        self.assertIsNone(self.address("192.0.2.1, nonsense"))
        self.assertEqual(self.address(""), "10.0.0.1")

    def test_mapped_and_zoned_addresses_are_plain(self) -> None:
        self.assertEqual(self.address("::ffff:192.0.2.1"), "192.0.2.1")
        self.assertEqual(self.address("2001:db8::7"), "2001:db8::7")

    def test_a_unix_socket_is_trusted_by_name(self) -> None:
        self.assertEqual(self.address("192.0.2.1", peer="", trusted=("unix",)), "192.0.2.1")
        self.assertIsNone(self.address("192.0.2.1", peer="", trusted=("10.0.0.0/8",)))


class LoopbackTests(SimpleTestCase):
    def test_other_machines_are_told_apart_from_this_one(self) -> None:
        self.assertTrue(
            all(map(is_loopback, ("127.0.0.1", "127.1.2.3", "localhost", "[::1]", "::1", "::ffff:127.0.0.1")))
        )
        self.assertFalse(any(map(is_loopback, ("0.0.0.0", "192.0.2.1", "portal.example.com", "127.example.com", ""))))
