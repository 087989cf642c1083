"""Across modules: from where a key may be used: its allowed networks, and which header gives the address.

The address comes from portal/client_ip.py, the networks from the key.
"""

from __future__ import annotations

import json
from typing import Any

from django.test import RequestFactory, override_settings

from enrollment.models import ServiceEdge
from keys.models import ProvisioningKey
from portal.client_ip import client_ip
from portal.models import AuditEvent
from tests.enrollment.base import ENROLL, EnrollmentTestCase

PROXY = "10.0.0.1"
proxied = override_settings(TRUSTED_PROXIES=[PROXY, "10.0.1.0/24", "2001:db8:1::/64"])
behind_a_socket = override_settings(TRUSTED_PROXIES=["unix"])


class NetworkTestCase(EnrollmentTestCase):
    def allow(self, *networks: str) -> None:
        ProvisioningKey.objects.filter(pk=self.key.pk).update(allowed_networks=list(networks), max_uses=1_000)

    def code(self, peer: str, forwarded: str | None = None) -> str:
        """The code with which an edge that connects through `peer` is refused; empty when it is admitted."""
        extra: dict[str, Any] = {"REMOTE_ADDR": peer}
        if forwarded is not None:
            extra["HTTP_X_FORWARDED_FOR"] = forwarded
        response = self.post(self.text, **extra)
        return "" if response.status_code == 201 else json.loads(response.content)["code"]

    def address(self, peer: str, forwarded: str | None = None) -> str | None:
        """The address that is recorded for an edge that connects in this way."""
        self.assertEqual(self.code(peer, forwarded), "")
        edge, event = ServiceEdge.objects.latest("id"), AuditEvent.objects.latest("id")
        self.assertEqual(edge.enrolled_from, event.client_ip)
        return edge.enrolled_from

    def assert_admits(self, *peers: str) -> None:
        for peer in peers:
            with self.subTest(peer):
                self.assertEqual(self.code(peer), "")

    def assert_refuses(self, *peers: str) -> None:
        for peer in peers:
            with self.subTest(peer):
                self.assertEqual(self.code(peer), "network_not_allowed")


class AllowedNetworkTests(NetworkTestCase):
    def test_without_a_list_every_address_may(self) -> None:
        self.allow()
        self.assert_admits("192.0.2.1", "2001:db8::1", "")

    def test_ipv4_from_the_first_to_the_last_address(self) -> None:
        self.allow("192.0.2.64/26")
        self.assert_admits("192.0.2.64", "192.0.2.127")
        self.assert_refuses("192.0.2.63", "192.0.2.128", "10.0.0.1", "2001:db8::1")

    def test_ipv6_from_the_first_to_the_last_address_in_any_spelling(self) -> None:
        self.allow("2001:db8::/64")
        self.assert_admits("2001:db8::", "2001:db8::ffff:ffff:ffff:ffff", "2001:0DB8:0:0:0::1")
        self.assert_refuses("2001:db8:0:1::1", "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", "192.0.2.1")

    def test_any_network_of_the_list_will_do(self) -> None:
        self.allow("192.0.2.0/24", "203.0.113.7/32", "2001:db8::/32")
        self.assert_admits("192.0.2.9", "203.0.113.7", "2001:db8:9::1")
        self.assert_refuses("203.0.113.8")

    def test_a_mapped_ipv4_address_is_the_ipv4_address(self) -> None:
        self.allow("192.0.2.0/24")
        self.assert_admits("::ffff:192.0.2.5", "::FFFF:C000:205")
        self.assert_refuses("::ffff:198.51.100.5", "::192.0.2.5")
        self.assertEqual(self.address("::ffff:192.0.2.5"), "192.0.2.5")

    def test_a_network_written_in_mapped_form_means_the_same(self) -> None:
        self.allow("::ffff:192.0.2.0/120")
        self.assert_admits("192.0.2.5", "::ffff:192.0.2.5")
        self.assert_refuses("198.51.100.5")

    def test_everywhere_is_a_network_of_each_family(self) -> None:
        self.allow("0.0.0.0/0")
        self.assert_admits("198.51.100.1", "::ffff:198.51.100.1")
        self.assert_refuses("2001:db8::1")
        self.allow("::/0")
        self.assert_admits("2001:db8::1")

    def test_a_caller_of_unknown_address_is_in_no_network(self) -> None:
        self.allow("0.0.0.0/0", "::/0")
        self.assert_refuses("", "not an address")


class ProxyTests(NetworkTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.allow()

    def test_a_stranger_cannot_forge_an_address(self) -> None:
        self.assertEqual(self.address("203.0.113.9", "192.0.2.1"), "203.0.113.9")
        self.allow("192.0.2.0/24")
        self.assertEqual(self.code("203.0.113.9", "192.0.2.1"), "network_not_allowed")

    def test_the_header_of_a_stranger_is_ignored_also_without_the_middleware_that_drops_it(self) -> None:
        headers = {"REMOTE_ADDR": "203.0.113.9", "HTTP_X_FORWARDED_FOR": "192.0.2.1"}
        self.assertEqual(client_ip(RequestFactory().post(ENROLL, **headers)), "203.0.113.9")

    @proxied
    def test_not_even_with_proxies_configured(self) -> None:
        self.assertEqual(self.address("203.0.113.9", "192.0.2.1"), "203.0.113.9")
        self.assertEqual(self.address("10.0.0.2", "192.0.2.1"), "10.0.0.2")

    @proxied
    def test_a_trusted_proxy_tells_the_callers_address(self) -> None:
        self.assertEqual(self.address(PROXY, "192.0.2.1"), "192.0.2.1")
        self.assertEqual(self.address("10.0.1.77", " 2001:DB8::1 "), "2001:db8::1")
        self.assertEqual(self.address("::ffff:10.0.0.1", "192.0.2.1"), "192.0.2.1")
        self.assertEqual(self.address("2001:db8:1::5", "192.0.2.1"), "192.0.2.1")

    @proxied
    def test_what_the_caller_wrote_before_the_proxy_does_not_count(self) -> None:
        self.assertEqual(self.address(PROXY, "192.0.2.1, 203.0.113.9"), "203.0.113.9")
        self.allow("192.0.2.0/24")
        self.assertEqual(self.code(PROXY, "192.0.2.1, 203.0.113.9"), "network_not_allowed")
        self.assertEqual(self.code(PROXY, "192.0.2.1,unknown,203.0.113.9"), "network_not_allowed")

    @proxied
    def test_several_proxies_are_walked_back_to_the_first_stranger(self) -> None:
        self.assertEqual(self.address(PROXY, "192.0.2.1, 203.0.113.9, 10.0.1.5, 10.0.1.6"), "203.0.113.9")
        self.assertEqual(self.address(PROXY, "192.0.2.1, 10.0.1.5"), "192.0.2.1")

    @proxied
    def test_a_chain_of_proxies_alone_is_the_furthest_of_them(self) -> None:
        self.assertEqual(self.address(PROXY, "10.0.1.9, 10.0.1.5"), "10.0.1.9")

    @proxied
    def test_what_is_no_address_is_in_no_network_and_not_the_proxys(self) -> None:
        for forwarded in ("unknown", "_hidden", ",,,", "192.0.2.1 x", "192.0.2.1, garbage, 10.0.1.5"):
            with self.subTest(forwarded):
                self.assertIsNone(self.address(PROXY, forwarded))
        self.allow("10.0.0.0/8", "192.0.2.0/24")
        for forwarded in ("unknown", "_hidden", "192.0.2.1, garbage, 10.0.1.5"):
            self.assertEqual(self.code(PROXY, forwarded), "network_not_allowed")

    @proxied
    def test_an_address_with_its_port_is_in_its_network(self) -> None:
        self.allow("192.0.2.0/24", "2001:db8::/64")
        for forwarded in ("192.0.2.1:4711", '"192.0.2.1"', "[2001:db8::1]:80", "[2001:db8::1]"):
            self.assertEqual(self.code(PROXY, forwarded), "", forwarded)
        self.assertEqual(self.code(PROXY, "198.51.100.1:4711"), "network_not_allowed")

    @proxied
    def test_a_zone_is_not_part_of_an_address(self) -> None:
        self.assertEqual(self.address(PROXY, "fe80::1%eth0"), "fe80::1")

    @behind_a_socket
    def test_behind_a_unix_socket_the_header_counts(self) -> None:
        self.assertEqual(self.address("", "192.0.2.1"), "192.0.2.1")
        self.assertIsNone(self.address("", ""))
        self.assertEqual(self.address("203.0.113.9", "192.0.2.1"), "203.0.113.9")

    def test_a_unix_socket_is_trusted_only_when_it_is_named(self) -> None:
        self.assertIsNone(self.address("", "192.0.2.1"))
