"""Two superusers who demote each other at the same moment: one of them is refused, on a database that lets both try."""

from __future__ import annotations

import threading
import unittest
from concurrent.futures import ThreadPoolExecutor

from django.contrib.auth.models import User
from django.db import connection, transaction

from portal import accounts
from tests.base import CommittedTestCase

PASSWORD = "correct horse battery staple"  # of these tests


@unittest.skipUnless(connection.vendor == "postgresql", "SQLite has one writer at a time")
class TwoAdministratorsTest(CommittedTestCase):
    def test_one_of_two_who_demote_each_other_is_refused(self) -> None:
        users = [User.objects.create_superuser(name, password=PASSWORD) for name in ("ann", "bob")]
        both = threading.Barrier(2)

        def demote(user: User) -> str:
            try:
                with transaction.atomic():
                    both.wait(10)
                    accounts.require_another_administrator(user)
                    user.is_superuser = False
                    user.save(update_fields=["is_superuser"])
                return "demoted"
            except accounts.LastAdministrator:
                return "refused"
            finally:
                connection.close()

        with ThreadPoolExecutor(2) as pool:
            self.assertEqual(sorted(pool.map(demote, users)), ["demoted", "refused"])
        self.assertEqual(User.objects.filter(is_superuser=True, is_active=True).count(), 1)
