"""What keys, groups and certificates have in common: a name, a keeper, a history, a version."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from keys.names import Named, NameField, SortNameField


class Record(Named, models.Model):
    """A named record that administrators keep. `managed` rows belong to the vendor and are read only.

    `version` counts edits, never enrollments: a form that was opened before somebody else saved is stale.
    """

    name = NameField(help_text="Letters, digits, spaces and . - _")
    sort_name = SortNameField()
    managed = models.BooleanField("managed by the vendor", default=False, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField("created", auto_now_add=True)
    created_by = models.CharField(max_length=300, blank=True, editable=False)
    modified_at = models.DateTimeField("changed", auto_now=True)
    modified_by = models.CharField("changed by", max_length=300, blank=True, editable=False)

    class Meta:
        abstract = True
        ordering: ClassVar = ["sort_name"]

    def __str__(self) -> str:
        return self.name
