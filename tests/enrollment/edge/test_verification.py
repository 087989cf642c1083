"""An answer is refused unless it is below the root that the key names and for the edge's own key pair."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509

from enrollment.edge.key_pair import spki
from enrollment.edge.verification import Untrusted, require_path, require_trust
from keys.crypto.ca_certificates import make_authority, spki_sha256
from tests.enrollment.edge.helpers import EDGE, NOW, make_pki, pem, sign
from tests.factories import make_private_key

PKI = make_pki()
KEY = make_private_key()
OURS = spki(KEY.public_key())
CA = x509.BasicConstraints(ca=True, path_length=None)


def judge(**changes: Any) -> None:
    require_trust(PKI.answer(KEY, **changes), PKI.pin, OURS, NOW)


def test_the_right_answer_is_trusted() -> None:
    judge()


def test_a_root_that_signs_edges_itself_is_trusted() -> None:
    judge(chain=[], certificate=pem(sign(PKI.root, KEY)))


def test_another_root_is_refused_by_the_pin() -> None:
    other = make_pki()
    with pytest.raises(Untrusted, match="trust anchor is not the one"):
        require_trust(other.answer(KEY), PKI.pin, OURS, NOW)


def test_the_right_root_over_the_chain_of_another_is_refused() -> None:
    # The same names everywhere: only the signatures differ.
    other = make_pki()
    with pytest.raises(Untrusted, match="does not chain"):
        judge(certificate=other.issue(KEY), chain=[pem(other.issuer.certificate)])


def test_an_issuer_of_another_root_is_refused() -> None:
    with pytest.raises(Untrusted, match="does not chain"):
        judge(chain=[pem(make_pki().issuer.certificate)])


@pytest.mark.parametrize("chain", [[], [PKI.root.certificate], [PKI.issuer.certificate] * 2])
def test_a_chain_with_a_link_missing_or_too_many_is_refused(chain: list[x509.Certificate]) -> None:
    with pytest.raises(Untrusted):
        judge(chain=[pem(link) for link in chain])


def test_the_certificate_of_another_key_pair_is_refused() -> None:
    with pytest.raises(Untrusted, match="for another key pair"):
        require_trust(PKI.answer(KEY), PKI.pin, spki(make_private_key().public_key()), NOW)


def test_the_certificate_of_another_edge_is_refused() -> None:
    with pytest.raises(Untrusted, match="another edge"):
        judge(edge={"id": str(EDGE).replace("6", "7"), "name": "Branch-1", "group": "Berlin"})


@pytest.mark.parametrize(
    ("after", "words"), [(timedelta(minutes=-6), "not valid yet"), (timedelta(days=91), "has expired")]
)
def test_a_certificate_outside_its_time_is_refused(after: timedelta, words: str) -> None:
    with pytest.raises(Untrusted, match=words):
        require_trust(PKI.answer(KEY), PKI.pin, OURS, NOW + after)


def test_an_expired_authority_is_refused() -> None:
    old = make_authority("Old", "acme", now=NOW - timedelta(days=10), days=9, parent=PKI.root)
    with pytest.raises(Untrusted, match="has expired"):
        judge(chain=[pem(old.certificate)], certificate=pem(sign(old, KEY)))


@pytest.mark.parametrize(
    "extensions",
    [
        [],
        [x509.BasicConstraints(ca=False, path_length=None)],
        [CA, x509.KeyUsage(True, False, False, False, False, False, True, False, False)],
    ],
)
def test_what_is_no_authority_may_not_sign(extensions: list[x509.ExtensionType]) -> None:
    pretender_key = make_private_key()
    pretender = sign(PKI.root, pretender_key, *extensions)
    certificate = sign(type(PKI.root)(pretender, pretender_key), KEY)
    with pytest.raises(Untrusted, match="not that of an authority"):
        judge(chain=[pem(pretender)], certificate=pem(certificate))


def test_an_authority_below_one_that_forbids_it_may_not_sign() -> None:
    # The issuer may sign edges only (path length 0); here it signed another CA.
    below = make_authority("Below", "acme", now=NOW, days=30, parent=PKI.issuer)
    chain = [pem(below.certificate), pem(PKI.issuer.certificate)]
    with pytest.raises(Untrusted, match="longer than"):
        judge(chain=chain, certificate=pem(sign(below, KEY)))


def test_every_link_of_a_longer_chain_is_checked() -> None:
    middle_key = make_private_key()
    middle = type(PKI.root)(sign(PKI.root, middle_key, CA), middle_key)
    low = make_authority("Low", "acme", now=NOW, days=5, parent=type(PKI.root)(with_ski(middle), middle_key))
    path = [sign(low, KEY), low.certificate, with_ski(middle), PKI.root.certificate]
    with pytest.raises(Untrusted, match="does not chain"):
        require_path(path, NOW + timedelta(seconds=1))
    require_path([path[0], path[1], middle.certificate, path[3]], NOW + timedelta(seconds=1))


def with_ski(authority: Any) -> x509.Certificate:
    """The same name and key, signed by itself instead of by the root."""
    identifier = x509.SubjectKeyIdentifier.from_public_key(authority.private_key.public_key())
    return sign(authority, authority.private_key, CA, identifier)


def test_the_pin_is_over_the_public_key_not_the_certificate() -> None:
    again = x509.CertificateBuilder(
        PKI.root.certificate.subject, PKI.root.certificate.subject, PKI.root.private_key.public_key(), 7,
        NOW - timedelta(days=1), NOW + timedelta(days=9),
    ).add_extension(CA, critical=True)  # fmt: skip
    renewed = again.sign(PKI.root.private_key, PKI.issuer.certificate.signature_hash_algorithm)
    assert spki_sha256(renewed) == PKI.pin
    judge(trust_anchor=pem(renewed))
