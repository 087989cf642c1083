"""Columns whose SQL the ORM writes once: they hold at each moment what the ORM would read then."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Value
from django.utils import timezone

from keys.models import ProvisioningKey
from portal.lists.written import Written
from tests.base import PortalTestCase
from tests.factories import make_key


def beside(first: datetime, last: datetime) -> dict[str, Any]:
    same = ProvisioningKey.objects.filter(pk=OuterRef("pk"))
    return {"made": Exists(same.filter(created_at__range=(first, last))), "first": Value(first), "word": Value("50 %")}


class WrittenColumns(PortalTestCase):
    def test_each_moment_is_that_of_the_call(self) -> None:
        key, _ = make_key("Berlin")
        written, now, day = Written(ProvisioningKey, beside, moments=2), timezone.now(), timedelta(days=1)
        for first, last, made in ((now - day, now + day, True), (now, now + day, False), (now - day, now - day, False)):
            with self.subTest(first=first, last=last):
                keys = ProvisioningKey.objects.filter(pk=key.pk)
                columns = ("made", "first", "word")
                read = keys.annotate(**written.at(first, last)).values_list(*columns).get()
                self.assertEqual(read, keys.annotate(**beside(first, last)).values_list(*columns).get())
                self.assertEqual(read, (made, first, "50 %"))
