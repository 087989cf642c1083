"""The client certificate in every proxy's format, with and without a chain."""

from __future__ import annotations

import base64
from urllib.parse import quote, quote_plus

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from django.test import RequestFactory, SimpleTestCase, override_settings
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from keys.crypto.ca_certificates import Authority, make_authority
from portal.client_certificate import client_certificate, is_usable, leaf
from tests.enrollment.base import now
from tests.factories import make_private_key


def client_of(authority: Authority, name: str) -> x509.Certificate:
    builder = x509.CertificateBuilder(
        authority.certificate.subject, x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]),
        make_private_key().public_key(), x509.random_serial_number(), *(
            authority.certificate.not_valid_before_utc, authority.certificate.not_valid_after_utc),
    )  # fmt: skip
    return builder.sign(authority.private_key, authority.certificate.signature_hash_algorithm)


def pem(*certificates: x509.Certificate) -> str:
    return "".join(each.public_bytes(Encoding.PEM).decode() for each in certificates)


def der64(certificate: x509.Certificate) -> str:
    return base64.b64encode(certificate.public_bytes(Encoding.DER)).decode()


ROOT = make_authority("Root", "Tests", now=now(), days=365)
ISSUER = make_authority("Issuer", "Tests", now=now(), days=365, parent=ROOT)
CLIENT, OTHER = client_of(ISSUER, "client"), client_of(ISSUER, "other")
CHAIN = (CLIENT, ISSUER.certificate, ROOT.certificate)
SUBJECT = 'Subject="CN=a\\",Cert=\\"b;c,d";URI=spiffe://x/y;DNS=a;DNS=b'


def envoy(*certificates: x509.Certificate) -> str:
    return quote(pem(*certificates), safe="")


def forms(*certificates: x509.Certificate) -> dict[str, str]:
    """The formats in which proxies write one certificate or a chain."""
    text = pem(*certificates)
    bare = [der64(each) for each in certificates]
    return {
        "nginx, $ssl_client_escaped_cert": quote(text, safe=""),
        "AWS ALB": quote(text, safe="+=/"),
        "a form's encoding": quote_plus(text),
        "Apache, %{SSL_CLIENT_CERT}s": text.replace("\n", " "),
        "PEM on one line": text.replace("\n", ""),
        "PEM with tabs, nginx's $ssl_client_cert": text.replace("\n", "\n\t"),
        "blocks in a list": ",".join(pem(each).replace("\n", " ") for each in certificates),
        "Traefik 3, base64 in a list": ",".join(bare),
        "Traefik 2, the same URL-encoded": quote(",".join(bare), safe=""),
        "base64 without its separators encoded": ",".join(quote(each, safe="") for each in bare),
        "RFC 9440": ", ".join(f":{each}:" for each in bare),
        "Envoy, chain alone": f'Hash=00;Chain="{envoy(*certificates)}";{SUBJECT}',
        "Envoy, certificate and chain": f'By=spiffe://x;Hash=00;Cert="{envoy(certificates[0])}";{SUBJECT};Chain="{envoy(*certificates)}"',
    }


class FormTests(SimpleTestCase):
    def test_each_form_of_a_certificate_alone_is_read(self) -> None:
        alone = {"HAProxy, ssl_c_der,base64": der64(CLIENT), "Envoy": f'Hash=00;Cert="{envoy(CLIENT)}";{SUBJECT}'}
        for name, value in (forms(CLIENT) | alone).items():
            with self.subTest(name):
                self.assertEqual(leaf(value), pem(CLIENT))

    def test_of_a_chain_it_is_the_first(self) -> None:
        for length in (2, 3):
            for name, value in forms(*CHAIN[:length]).items():
                with self.subTest(name, length=length):
                    self.assertEqual(leaf(value), pem(CLIENT))

    def test_two_clients_are_nobody(self) -> None:
        """gunicorn joins a client's header and the proxy's header into one list."""
        for pair in ((CLIENT, OTHER), (CLIENT, CLIENT), (ISSUER.certificate, CLIENT), (*CHAIN, OTHER)):
            for name, value in forms(*pair).items():
                with self.subTest(name), self.assertRaises(ValueError):
                    leaf(value)
        mixed = [forms(CLIENT)[name] for name in ("nginx, $ssl_client_escaped_cert", "RFC 9440")]
        for value in (",".join(mixed), ",".join(reversed(mixed)), f",{mixed[1]}"):
            with self.assertRaises(ValueError):
                leaf(value)

    def test_what_is_ambiguous_or_broken_is_nobody(self) -> None:
        whole, bare = quote(pem(CLIENT), safe=""), der64(CLIENT)
        cert = f'Cert="{whole}"'
        same = f'Chain="{envoy(CLIENT)}"'
        broken = (
            "x", "-----", bare[:-8], bare + "AAAA", bare + bare, f":{bare}", f"{bare}:", f"::{bare}::", ":", "::",
            "%00", "\udcff", "\xff", quote(whole, safe=""), f"Subject {whole}", f"{whole} x",
            whole.replace("CERTIFICATE", "PRIVATE%20KEY"), pem(CLIENT).replace("-----END", "----END"),
        )  # fmt: skip
        ambiguous = (
            f"{cert},Hash=1;{cert}", f"{cert};{cert}", f'{cert};Chain="{envoy(OTHER)}"', f"{cert};{same};{same}",
            f"{whole},", f",{whole}", f"{whole}, ,{whole}", f"{bare},", f",{bare}",
            'Hash=00;Subject="CN=x"', f'Subject="CN=x;{cert}', f"By=a;{cert},",
            f'Cert="{envoy(CLIENT, ISSUER.certificate)}";{same}',
        )  # fmt: skip
        for value in broken + ambiguous:
            # Workers of pytest-xdist report in UTF-8.
            with self.subTest(ascii(value[:60])), self.assertRaises(ValueError):
                leaf(value)

    @hypothesis_settings(deadline=None, max_examples=60)
    @given(st.sampled_from(sorted(forms(*CHAIN).values())), st.data())
    def test_whatever_is_cut_or_changed_it_is_this_client_or_nobody(self, value: str, data: st.DataObject) -> None:
        at = data.draw(st.integers(0, len(value)))
        end = data.draw(st.integers(at, min(len(value), at + 40)))
        changed = value[:at] + data.draw(st.text(st.characters(max_codepoint=255), max_size=3)) + value[end:]
        try:
            found = leaf(changed)
        except ValueError:
            return
        # No signature is checked here: the portal looks the certificate up byte for byte.
        self.assertEqual(found.count("BEGIN CERTIFICATE"), 1)


@override_settings(TRUSTED_PROXIES=["10.0.0.1"])
class HeaderTests(SimpleTestCase):
    def ask(self, value: str, header: str = "X-Client-Cert", peer: str = "10.0.0.1") -> str:
        with override_settings(CLIENT_CERT_HEADER=header):
            return client_certificate(RequestFactory().get("/", REMOTE_ADDR=peer, headers={header: value}))

    def test_it_counts_under_the_name_that_is_set_and_from_a_trusted_proxy_alone(self) -> None:
        for header in ("X-Client-Cert", "X-Forwarded-Tls-Client-Cert", "X-Forwarded-Client-Cert", "Client-Cert",
                       "X-Amzn-Mtls-Clientcert-Leaf", "SSL-Client-Cert"):  # fmt: skip
            with self.subTest(header):
                self.assertTrue(is_usable(header))
                self.assertEqual(self.ask(der64(CLIENT), header), pem(CLIENT))
                self.assertEqual(self.ask(der64(CLIENT), header, peer="10.0.0.2"), "")

    def test_a_name_that_means_something_else_is_not_usable(self) -> None:
        for header in ("X-Forwarded-For", "x-forwarded-proto", "X-Forwarded-Host", "X-Request-Id", "Forwarded", "Host",
                       "Client-Cert-Chain", "X_Client_Cert", ""):  # fmt: skip
            self.assertFalse(is_usable(header), header)

    def test_without_a_certificate_there_is_none(self) -> None:
        for value in ("", " ", "%20", "(null)"):
            self.assertEqual(self.ask(value), "")
