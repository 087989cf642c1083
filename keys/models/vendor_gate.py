"""The gate that lets the vendor's manifest write managed rows."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class VendorGate(models.Model):
    """One row. While `open` is true inside a transaction, triggers let that transaction write managed rows.

    The gate opens and closes in the same transaction, so no other connection ever sees it open.
    """

    id = models.SmallIntegerField(primary_key=True, default=1)
    open = models.BooleanField(default=False)

    class Meta:
        default_permissions: ClassVar = []
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(id=1), name="vendor_gate_is_one_row"),
        ]

    def __str__(self) -> str:
        return "open" if self.open else "closed"
