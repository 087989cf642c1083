"""The forms of an edge."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms

from enrollment.models import ServiceEdge
from enrollment.operations.edges import LONGEST_NAME
from portal.forms import ConfirmNameForm, RecordForm, VersionField


class EditEdgeForm(RecordForm):
    """What people may change of an edge; `version` is the revision that this form was opened with."""

    version = VersionField()

    class Meta:
        model = ServiceEdge
        fields: ClassVar = ["name", "description", "enabled"]
        widgets: ClassVar = {
            "name": forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
            "description": forms.Textarea(attrs={"rows": 3}),
        }
        help_texts: ClassVar = {
            "name": "Letters, digits, spaces and . - _ only. The machine keeps its certificates and its identity.",
            "enabled": "Off: the portal refuses its renewals and heartbeats. Its certificate stays valid.",
        }
        error_messages: ClassVar = {"name": {"required": f"Enter a name of 1 to {LONGEST_NAME} characters."}}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # The model's `version` is that of the edge's software.
        self.initial["version"] = self.instance.revision


class DeleteEdgeForm(ConfirmNameForm):
    """Deleting takes typing the name."""

    whose = " of the edge"
