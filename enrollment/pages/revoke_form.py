"""What a person confirms before certificates are revoked."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from enrollment.models import IssuedCertificate, ServiceEdge

_LONGEST_NAME = ServiceEdge._meta.get_field("name").max_length
Reason = IssuedCertificate.RevocationReason


class RevokeForm(forms.Form):
    """The reason, which goes into the revocation list, and the typed name of what is revoked."""

    reason = forms.ChoiceField(
        choices=Reason.choices,
        initial=Reason.UNSPECIFIED.value,
        help_text="Written into the revocation list and the audit log.",
        error_messages=dict.fromkeys(("required", "invalid_choice"), "Choose a reason from the list."),
    )
    confirm_name = forms.CharField(
        max_length=_LONGEST_NAME,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        error_messages={"required": "Type the name to confirm."},
    )

    def __init__(self, name: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.name = name
        self.fields["confirm_name"].label = f"Type {name} to confirm"

    def clean_confirm_name(self) -> str:
        typed: str = self.cleaned_data["confirm_name"]
        if typed != self.name:
            raise ValidationError(f"This is not the name. Type {self.name}.", code="different")
        return typed
