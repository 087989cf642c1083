"""Across modules: keys pasted from anywhere are read, or refused with the same words, over JSON and over EST.

The table of such keys is that of the edge too.
"""

from __future__ import annotations

import base64
import json

from enrollment.errors import LONGEST_FAULT
from enrollment.models import ServiceEdge
from keys.crypto import tokens
from tests.enrollment.base import EnrollmentTestCase
from tests.factories import make_csr, make_key
from tests.keys import key_vectors


class PastedKeyTests(EnrollmentTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.key, self.text = make_key("pasted", max_uses=1)
        self.token = tokens.read_any(self.text)
        self.csr = make_csr()

    def est(self, password: str):
        credentials = base64.b64encode(f"edge:{password}".encode()).decode()
        body = "".join(self.csr.splitlines()[1:-1])
        return self.client.post(
            "/.well-known/est/simpleenroll", body, content_type="application/pkcs10",
            headers={"Authorization": f"Basic {credentials}"},
        )  # fmt: skip

    def test_whatever_is_read_is_one_use_of_one_key(self) -> None:
        # A test of the parser reads all of them.
        for name, text in list(key_vectors.read(self.token).items())[::3]:
            with self.subTest(name):
                self.assertIn(self.post(text, self.csr).status_code, {200, 201})
                self.assertEqual(self.est(text).status_code, 200)
        self.assertEqual((self.uses(self.key), ServiceEdge.objects.count()), (1, 1))

    def test_what_is_refused_is_refused_with_what_to_remove_and_nothing_of_the_key(self) -> None:
        for name, (text, words) in key_vectors.refused(self.token).items():
            with self.subTest(name):
                response = self.post(text, self.csr)
                self.assert_problem(response, "malformed_key")
                self.assertRegex(response.json()["detail"], words)
                self.assertNotIn(self.text[60:66], response.content.decode())
                if "\ud800" not in text:
                    answer = self.est(text).content.decode()
                    self.assertRegex(answer, words)
                    self.assertLessEqual(len(answer), LONGEST_FAULT + 20)
        self.assertEqual(self.uses(self.key), 0)

    def test_no_two_keys_are_one(self) -> None:
        """The text of another key is read as that key, whatever surrounds it."""
        other, text = make_key("other", max_uses=1)
        for dressed in list(key_vectors.read(tokens.read_any(text)).values())[::9]:
            self.assertEqual(json.loads(self.post(dressed, self.csr).content)["edge"]["name"], "other-1")
        self.assertEqual((self.uses(self.key), self.uses(other)), (0, 1))
