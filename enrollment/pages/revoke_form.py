"""What a person confirms before certificates are revoked."""

from __future__ import annotations

from django import forms

from enrollment.revocation_reasons import RevocationReason
from portal.forms import ConfirmNameForm

Reason = RevocationReason
LATE_LIST = "The revocation list of {} can't be made now. It follows as soon as it can."


class RevokeForm(ConfirmNameForm):
    """The reason, which goes into the revocation list, and the typed name of what is revoked."""

    reason = forms.ChoiceField(
        label="Reason",
        choices=Reason.choices,
        initial=Reason.UNSPECIFIED.value,
        help_text="Written into the revocation list and the audit log.",
        error_messages=dict.fromkeys(("required", "invalid_choice"), "Choose a reason from the list."),
    )
    field_order = ("reason", "confirm_name")
