"""The chain that is chosen when an upload holds more certificates than it needs, in any order."""

from __future__ import annotations

import itertools
import unittest

from cryptography import x509

from keys.crypto import authority_chains
from keys.errors import BadCertificate
from tests.keys import authorities


def rooted(name: str, key: object = None, days: tuple[float, float] = (-1, 365)) -> authorities.CA:
    return authorities.ca(name, key=key, days=days)


def crossed(of: authorities.CA, by: authorities.CA) -> authorities.CA:
    """A certificate with a root's key and name, signed by another root."""
    return authorities.ca("ignored", by, key=of.key, subject=of.certificate.subject)


class WayTest(unittest.TestCase):
    def way(self, own: authorities.CA, *others: authorities.CA) -> list[x509.Certificate]:
        return authority_chains.chain_of(own.certificate, [each.certificate for each in others])

    def test_old_renewed_and_cross_signed_roots_in_any_order(self) -> None:
        new = rooted("Root")
        old = rooted("Root", new.key, (-99, -1))
        bridge = rooted("Bridge")
        cross = crossed(new, bridge)
        own = authorities.ca("Own", new)
        given = (new, old, bridge, cross)
        for order in itertools.permutations(given):
            chain = self.way(own, *order)
            self.assertEqual(chain, [own.certificate, new.certificate])
            surplus = authority_chains.surplus_of(chain, [own.certificate, *(each.certificate for each in order)])
            self.assertEqual(set(surplus), {old.certificate, bridge.certificate, cross.certificate})

    def test_the_cross_signed_one_is_taken_where_its_own_root_is_not_given(self) -> None:
        root, bridge = rooted("Root"), rooted("Bridge")
        cross, own = crossed(root, bridge), authorities.ca("Own", root)
        self.assertEqual(self.way(own, bridge, cross), [own.certificate, cross.certificate, bridge.certificate])

    def test_a_new_root_with_the_old_name_signed_by_the_old_one(self) -> None:
        """RFC 4210 calls it NewWithOld: self-issued, but not self-signed."""
        old, new = rooted("Root"), rooted("Root")
        new_with_old = crossed(new, old)
        own = authorities.ca("Own", new)
        self.assertEqual(self.way(own, old, new_with_old), [own.certificate, new_with_old.certificate, old.certificate])
        self.assertFalse(authority_chains.is_root(new_with_old.certificate))

    def test_certificates_that_sign_each_other_end(self) -> None:
        keys = [rooted(name) for name in "AB"]
        tangle = [crossed(of, by) for of, by in itertools.product(keys, keys) if of is not by for _ in range(5)]
        own = authorities.ca("Own", keys[0])
        with self.assertRaises(BadCertificate):
            self.way(own, *tangle)
        self.assertEqual(self.way(own, *tangle, keys[0]), [own.certificate, keys[0].certificate])

    def test_what_is_missing_or_another_is_said(self) -> None:
        root, other = rooted("Root"), rooted("Root")
        own = authorities.ca("Own", root)
        for given, code in (((), "chain_incomplete"), ((other,), "chain_broken")):
            with self.assertRaises(BadCertificate) as refused:
                self.way(own, *given)
            self.assertEqual(refused.exception.code, code)
        key = x509.SubjectKeyIdentifier.from_public_key(root.key.public_key()).digest.hex(":").upper()
        self.assertIn(f"(key {key})", str(refused.exception))

    def test_a_stranger_is_no_surplus(self) -> None:
        root = rooted("Root")
        own = authorities.ca("Own", root)
        with self.assertRaisesRegex(BadCertificate, "“Elsewhere” does not belong to the chain of “Own”"):
            authority_chains.surplus_of([own.certificate, root.certificate], [rooted("Elsewhere").certificate])
