"""Across modules: concurrent revocations and builds lose no entry and use no number twice (D-04)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cryptography import x509

from enrollment import operations
from enrollment.models import RevocationList
from enrollment.operations.revocation_lists import publish
from enrollment.pki import revocation_list
from tests.enrollment.concurrent_requests import post_all
from tests.enrollment.live import PostgresqlPortalTestCase, SqlitePortalTestCase, body
from tests.enrollment.revocation import RevocationTestCase, certificate_of, fetch, serials
from tests.factories import ACTOR
from tests.support.commands_at_once import outputs


class OvertakenTests(RevocationTestCase):
    def test_d04_a_builder_that_read_before_a_newer_list_never_replaces_it(self) -> None:
        """After one builder read and signed, an edge is revoked and its list is stored."""
        undisturbed, done = revocation_list.sign, []

        def disturbed(*arguments: Any) -> Any:
            signed = undisturbed(*arguments)
            if not done:
                done.append(True)
                operations.revoke_edge(self.edge, reason="unspecified", actor=ACTOR)
            return signed

        revocation_list.sign = disturbed
        try:
            published = publish(self.issuer)
        finally:
            revocation_list.sign = undisturbed
        newest = RevocationList.objects.get(issuer=self.issuer)
        self.assertEqual((done, published.newest, newest.size), ([True], newest, 1))
        self.assertEqual(serials(fetch(self.issuer)), {certificate_of(self.first).serial})


class Races:
    """Several processes at once; run on each database by a class below."""

    def enroll(self: Any, name: str, count: int) -> None:
        text = self.make_key(name, count)
        answers = post_all(self.portal.url, [body(text) for _ in range(count)], processes=1)
        self.assertEqual({answer.status for answer in answers}, {201})

    def issued(self: Any, name: str) -> dict[str, str]:
        """Serial by UUID of the edges of a key."""
        query = (
            "SELECT e.uuid, c.serial FROM enrollment_serviceedge e JOIN enrollment_issuedcertificate c"
            f" ON c.edge_id = e.id WHERE e.key_name = '{name}'"
        )
        with self.database() as connection:
            return {str(uuid): serial for uuid, serial in connection.execute(query).fetchall()}

    def stored_list(self: Any) -> set[str]:
        """The stored list of Service Edge. Fetching it would build it again."""
        query = (
            "SELECT l.der FROM enrollment_revocationlist l JOIN keys_signingcertificate c ON c.id = l.issuer_id"
            " WHERE c.name = 'Service Edge'"
        )
        return serials(x509.load_der_x509_crl(bytes(self.value(query))))

    def test_d04_revocations_at_once_are_all_on_the_list_and_none_is_recorded_twice(self: Any) -> None:
        self.enroll("Whole", 20)
        self.enroll("Parts", 3)
        whole, parts = self.issued("Whole"), self.issued("Parts")
        commands = [["revoke", "--key", "Whole"] for _ in range(2)]
        commands += [["revoke", "--edge", uuid] for uuid in parts]
        # The only certificate of an edge and the edge at the same moment: the second revocation finds nothing left.
        commands += [["revoke", "--serial", serial] for serial in parts.values()]
        printed = "".join(outputs(self.portal.env(), commands)).split()
        expected = {*whole.values(), *parts.values()}
        self.assertEqual(sorted(word for word in printed if word in expected), sorted(expected), "each exactly once")
        self.assertEqual(self.stored_list(), expected)
        self.assertEqual(self.value("SELECT COUNT(*) FROM portal_auditevent WHERE action = 'edge.revoked'"), 23)
        self.assertEqual(self.value("SELECT COUNT(*) FROM portal_auditevent WHERE action = 'key.edges_revoked'"), 1)
        self.assert_no_error_was_logged()

    def test_d05_of_renewals_at_once_one_is_given_to_all(self: Any) -> None:
        program = "from tests.enrollment.renewal_races import main; main()"
        results = json.loads(self.portal.manage("shell", "--verbosity", "0", "-c", program))
        one = {"refused": [], "given": 1, "new": 1, "valid": 1, "revoked": 0}
        self.assertEqual(results["first"], one)
        self.assertEqual(results["replaced"], one | {"revoked": 1})
        used = results["used"]
        self.assertEqual((used["refused"], used["given"], used["valid"]), ([], 1, 1))
        self.assertEqual(used["new"], used["revoked"])
        self.assertEqual(results["disabled"], {"late": 0, "others": [], "at_most_one": True})


@pytest.mark.once
class SqliteRaceTests(Races, SqlitePortalTestCase):
    pass


@pytest.mark.once
class PostgresqlRaceTests(Races, PostgresqlPortalTestCase):
    pass
