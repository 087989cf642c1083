"""Across modules: the longest chain that the portal stores is the longest that an edge reads.

The server and the edge's program share no code, so the number is tested from end to end.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime

from enrollment.edge.answer import parse_answer
from enrollment.edge.key_pair import make_csr, make_key_pair, spki
from enrollment.edge.outcomes import Stop
from enrollment.edge.verification import require_trust
from enrollment.endpoints import representations
from enrollment.operations import enroll
from keys import errors, operations
from keys.crypto.ca_certificates import LONGEST_CHAIN
from keys.models import SigningCertificate
from tests import factories
from tests.base import PortalTestCase
from tests.enrollment.edge.helpers import read_any
from tests.factories import ACTOR
from tests.keys import authorities
from tests.support.live import ROOT


def chain(length: int) -> list[authorities.CA]:
    """A chain from its root down."""
    found = [authorities.ca("Root")]
    while len(found) < length:
        found.append(authorities.ca(f"CA {len(found)}", found[-1]))
    return found


def upload(name: str, certificates: list[authorities.CA], key: bytes = b"") -> SigningCertificate:
    record = SigningCertificate(name=name)
    operations.upload_chain(record, b"".join(each.pem for each in certificates), private_key_pem=key, actor=ACTOR)
    return record


class ChainLimitTest(PortalTestCase):
    def test_the_longest_chain_is_stored_and_an_edge_below_it_takes_its_certificate(self) -> None:
        longest = chain(LONGEST_CHAIN)
        record = upload("Longest", longest[::-1], longest[-1].key_pem)
        _, text = factories.make_key("berlin", signing_certificate=record)
        pair = make_key_pair()
        enrolled = enroll(text, make_csr(pair), caller=factories.EDGE)
        answer = parse_answer(json.dumps(representations.enrolled(enrolled)).encode())
        self.assertEqual(len(answer.chain), LONGEST_CHAIN - 1)
        require_trust(answer, read_any(text).pin, spki(pair.public_key()), datetime.now(UTC))
        with self.assertRaises(errors.Invalid) as refused:
            operations.generate_certificate(
                SigningCertificate(name="Below", parent=record), key_type="EC P-256", days=9, actor=ACTOR
            )
        self.assertIn(f"at most {LONGEST_CHAIN} certificates", str(refused.exception))

    def test_one_more_is_refused_by_the_portal_and_by_an_edge(self) -> None:
        longer = chain(LONGEST_CHAIN + 1)
        upload("Above", longer[1::-1])
        with self.assertRaises(errors.BadCertificate) as refused:
            upload("Longer", longer[:0:-1], longer[-1].key_pem)
        self.assertEqual(refused.exception.code, "chain_too_long")
        self.assertIn(f"{LONGEST_CHAIN}, it and its root included", str(refused.exception))
        document = {
            "edge": {"id": "a", "name": "b", "group": "c"}, "certificate": longer[-1].pem.decode(),
            "chain": [each.pem.decode() for each in longer[:0:-1]], "trust_anchor": longer[0].pem.decode(),
            "renew_after": "",
        }  # fmt: skip
        with self.assertRaises(Stop):
            parse_answer(json.dumps(document).encode())
        document["chain"].pop()
        self.assertEqual(len(parse_answer(json.dumps(document).encode()).chain), LONGEST_CHAIN - 1)

    def test_the_documents_name_the_number(self) -> None:
        for page in ("certificates.md", "edge.md"):
            self.assertIn(f"at most {LONGEST_CHAIN} certificates", (ROOT / "docs" / page).read_text())
