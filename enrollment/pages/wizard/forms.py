"""The forms of the wizard's steps. Fields and rules are those of the pages that add a group or a key."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError

from keys import choices
from keys.models import ServiceEdgeGroup, SigningCertificate
from keys.models.signing_certificate import CANNOT_SIGN, NO_CERTIFICATE
from keys.operations.provisioning_keys import RULES
from keys.pages.group_forms import GroupForm
from keys.pages.key_forms import CertificateChoice, GroupField, KeyDetailsForm
from portal.field_validation import Rules
from portal.forms import RefusableForm

NEW, EXISTING = "new", "existing"
_CHOOSE_ONE = "Choose one of the two."
_CHOOSE_KEY = "Choose a key from the list, or create a new key."


class ChooseKeyForm(RefusableForm, forms.Form):
    """Whether the wizard makes a key, and else which one its last page shows. The view judges that key."""

    choice = forms.ChoiceField(
        choices=((NEW, "Create a new key"), (EXISTING, "Use an existing key")),
        initial=NEW,
        error_messages=dict.fromkeys(("required", "invalid_choice"), _CHOOSE_ONE),
    )
    key = forms.IntegerField(required=False, error_messages={"invalid": _CHOOSE_KEY})

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("choice") == EXISTING and not cleaned.get("key") and "key" not in self.errors:
            self.add_error("key", ValidationError(_CHOOSE_KEY, code="required"))
        return cleaned


class CertificateForm(RefusableForm, forms.Form):
    """The certificate that signs the certificates of edges."""

    signing_certificate = CertificateChoice(
        SigningCertificate.objects.none(),
        label="Signing certificate",
        empty_label=None,
        error_messages={"required": NO_CERTIFICATE, "invalid_choice": CANNOT_SIGN},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["signing_certificate"]
        field.offer(None)
        if not self.is_bound:
            self.initial["signing_certificate"] = choices.default_certificate_id()


class GroupStepForm(GroupForm):
    """An existing group, or a new one with all its fields."""

    choice = forms.ChoiceField(
        choices=((EXISTING, "Use an existing group"), (NEW, "Create a new group")),
        initial=EXISTING,
        error_messages=dict.fromkeys(("required", "invalid_choice"), _CHOOSE_ONE),
    )
    group = GroupField(label="Private Service Edges Group", required=False, help_text="Type a part of its name.")
    field_order = ("choice", "group")

    @property
    def is_new(self) -> bool:
        return bool(self["choice"].value() == NEW)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("choice") == EXISTING:
            # What was typed for a new group is kept and not judged.
            for name in set(self.errors) - {"choice", "group"}:
                del self.errors[name]
            if not cleaned.get("group") and "group" not in self.errors:
                self.add_error(
                    "group", ValidationError(self.fields["group"].error_messages["required"], code="required")
                )
        return cleaned

    def _post_clean(self) -> None:
        if self.data.get("choice") != EXISTING:
            super()._post_clean()

    @property
    def made(self) -> ServiceEdgeGroup | None:
        """The new group, not stored; None for an existing one."""
        return self.instance if self.cleaned_data["choice"] == NEW else None


class KeyStepForm(KeyDetailsForm):
    """The details of the new key."""

    class Meta(KeyDetailsForm.Meta):
        help_texts: ClassVar = {
            **KeyDetailsForm.Meta.help_texts,
            "viewable": (
                "On: operators can copy or download the key later; each time is recorded. "
                "Off: it is shown once, when it is created, and is not stored in readable form."
            ),
        }

    def rules(self) -> Rules:
        return {"expires_at": RULES["expires_at"]}
