"""The forms of a provisioning key. Field names and ids are stable: other people's scripts use them."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterator
from copy import copy
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.forms.models import ModelChoiceIterator
from django.urls import reverse_lazy
from django.utils.functional import cached_property
from django.utils.html import escape

from keys import choices, trust_anchors
from keys.models import ProvisioningKey, ServiceEdgeGroup, SigningCertificate
from keys.models.provisioning_key import MOST_USES, parse_network
from keys.models.signing_certificate import CANNOT_SIGN, NO_CERTIFICATE
from keys.names import LONGEST_NAME
from keys.operations.provisioning_keys import TURNED_OFF, rules_of_an_edit, rules_of_creation
from portal import zones
from portal.field_validation import Rules
from portal.forms import ConfirmNameForm, LinesField, LocalTimeField, RecordForm, RefusableForm, VersionField
from portal.refusals import Invalid, Refused
from portal.times import stamp

SUGGESTED_GROUPS = 50
EXPIRES_HELP = "Time zone: {zone}. From then on the key refuses enrollment. Empty: it does not expire."
TURNING_OFF = "Turning this off removes the readable key for good. It can't be turned on again."
_USES_MESSAGE = f"Enter a whole number from 1 to {MOST_USES:,}."


class _ReadOnce(ModelChoiceIterator):
    """The options of a select. Django reads them twice: it looks at the first one to see whether it is empty."""

    def __iter__(self) -> Iterator[Any]:
        return iter(self._options)

    @cached_property
    def _options(self) -> list[Any]:
        return list(super().__iter__())


class CertificateChoice(forms.ModelChoiceField):
    """A signing certificate that can sign now; those below another root than one would expect are marked."""

    iterator = _ReadOnce
    # Those without the root of `current`, the certificate in use, or the ids `apart` where none is.
    current: SigningCertificate | None = None
    apart: Collection[int] = ()

    def offer(self, current: SigningCertificate | None) -> None:
        """Offer the certificates that can sign, and the one in use; without one, mark those without the usual root."""
        self.queryset, self.current = choices.signing_certificates(current.pk if current else None), current
        self.apart = () if current else trust_anchors.with_different_root()

    def label_from_instance(self, obj: Any) -> str:
        is_apart = obj.trust_anchor_sha256 != self.current.trust_anchor_sha256 if self.current else obj.pk in self.apart
        remark = ", different root" if is_apart else ""
        return f"{obj.name} (expires {stamp(obj.not_after).day}{remark})"


class DifferentRootForm(RefusableForm):
    """A form with the tick without which no key changes its root; pages show it once the operation asks for it."""

    sentences: ClassVar = {"different_root": "Confirm the different root, or choose another certificate."}
    different_root = forms.BooleanField(required=False, label="Use the certificate with the different root")

    def refuse(self, refused: Refused) -> None:
        super().refuse(refused)
        for fault in refused.faults if isinstance(refused, Invalid) else ():
            if fault.code == "different_root":
                # Of the bound field, which may exist already; escaped, because the support pages print it as HTML.
                self["different_root"].help_text = escape(fault.sentence)


class NetworksField(LinesField):
    """Networks in CIDR notation, one a line."""

    def clean(self, value: Any) -> list[str]:
        lines = super().clean(value)
        try:
            return list(dict.fromkeys(str(parse_network(line)) for line in lines))
        except ValueError:
            # As they were typed: the operation names the line.
            return lines


class GroupField(forms.CharField):
    """A group by its name in any case, or by its id; pages suggest names while somebody types."""

    def __init__(self, **options: Any) -> None:
        suggest = {"list": "groups", "autocomplete": "off", "data-suggest": reverse_lazy("keys:group-names")}
        errors = {"required": "Choose a group.", **options.pop("error_messages", {})}
        super().__init__(
            max_length=LONGEST_NAME, widget=forms.TextInput(attrs=suggest), error_messages=errors, **options
        )

    def clean(self, value: Any) -> ServiceEdgeGroup | None:
        wanted = super().clean(value)
        found = choices.find_group(wanted) if wanted else None
        if wanted and found is None:
            raise ValidationError(
                "There is no group of this name or id. Create it, or choose another.", code="invalid_choice"
            )
        return found

    @property
    def suggested(self) -> tuple[choices.Suggestion, ...]:
        """The first groups by name, for the list that browsers offer while typing."""
        return choices.first_groups(SUGGESTED_GROUPS)


class KeyDetailsForm(RecordForm):
    """What is decided about a key beside its group and its signing certificate."""

    max_uses = forms.IntegerField(
        label="Maximum # Of Private Service Edges",
        min_value=1,
        max_value=MOST_USES,
        initial=1,
        help_text="How many edges may enroll with this key. You can raise it later.",
        error_messages=dict.fromkeys(("required", "invalid", "min_value", "max_value"), _USES_MESSAGE),
    )
    expires_at = LocalTimeField(label="Expires (optional)", required=False)
    # The zone of the page the time was typed into: it may have changed until the form is sent.
    expires_at_zone = forms.CharField(required=False, widget=forms.HiddenInput)
    allowed_networks = NetworksField(
        label="Allowed networks (optional)",
        help_text="One a line, such as 192.0.2.0/24. Empty: edges may enroll from anywhere.",
    )

    class Meta:
        model = ProvisioningKey
        fields: tuple[str, ...] = ("name", "max_uses", "viewable", "enabled", "expires_at", "allowed_networks")
        widgets: ClassVar = {"name": forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"})}
        help_texts: ClassVar = {
            "name": "Letters, digits, spaces and . - _ only. Edges are named NAME-1, NAME-2.",
            "viewable": (
                "On: operators can copy or download the key later; each time is recorded. "
                "Off: it is shown once, on the next page."
            ),
        }
        error_messages: ClassVar = {"name": {"required": f"Enter a name of 1 to {LONGEST_NAME} characters."}}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._set_zone()

    def refilled(self) -> None:
        """The form is filled in with what was typed before: its time stays one of the zone it was typed in."""
        self._set_zone()

    def _set_zone(self) -> None:
        sent = self.data.get("expires_at_zone") or self.initial.get("expires_at_zone", "")
        zone = zones.find(sent) or zones.current()
        expires: Any = self.fields["expires_at"]
        expires.zone, expires.help_text = zone, EXPIRES_HELP.format(zone=zones.described(zone))
        self.initial["expires_at_zone"] = zones.name_of(zone)

    @property
    def has_rare_errors(self) -> bool:
        """Whether "More settings" must be open to show an error."""
        return bool({"enabled", "expires_at", "allowed_networks"} & set(self.errors))


class KeyForm(KeyDetailsForm):
    """What adding and editing a key have in common."""

    signing_certificate = CertificateChoice(
        SigningCertificate.objects.none(),
        label="Signing Certificate",
        required=False,
        empty_label=None,
        help_text="With the same root as your connectors and clients.",
        error_messages={"invalid_choice": CANNOT_SIGN},
    )

    class Meta(KeyDetailsForm.Meta):
        fields = ("name", "max_uses", "signing_certificate", "viewable", "enabled", "expires_at", "allowed_networks")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["signing_certificate"]
        field.offer(self.instance.signing_certificate if self.instance.pk else None)

    def clean_signing_certificate(self) -> SigningCertificate | None:
        chosen = self.cleaned_data["signing_certificate"] or self._current_certificate()
        if chosen is None:
            raise ValidationError(NO_CERTIFICATE, code="required")
        return chosen

    def _current_certificate(self) -> SigningCertificate | None:
        current = self.instance.signing_certificate_id or choices.default_certificate_id()
        return choices.signing_certificates(current).filter(pk=current or 0).first()


class AddKeyForm(KeyForm):
    """A new key, for an existing group or for one made with it."""

    group = GroupField(label="Private Service Edges Group", required=False, help_text="Choose or create a group.")
    new_group = forms.CharField(
        label="Or a new group",
        required=False,
        max_length=LONGEST_NAME,
        help_text="It is created with the key.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    sentences: ClassVar = {"group_name_is_unique": "A group with this name exists already. Choose it instead."}
    # Random for each page: the same form sent again makes no second key. Some browsers would restore an old one.
    form_token = forms.CharField(
        required=False,
        initial=lambda: secrets.token_urlsafe(16),
        widget=forms.HiddenInput(attrs={"autocomplete": "off"}),
    )
    field_order = ("name", "max_uses", "group", "new_group", "signing_certificate", "viewable")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "signing_certificate" not in self.initial:
            self.initial["signing_certificate"] = choices.default_certificate_id()
        self.fields["new_group"].validators = []

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("group"):
            self.instance.group = cleaned["group"]
        return cleaned

    def judged(self) -> set[str]:
        names_a_group = {"group", "new_group"} & (set(self.changed_data) | set(self.errors))
        return super().judged() | (set() if names_a_group else {"group"})

    def rules(self) -> Rules:
        return rules_of_creation(self.cleaned_data.get("new_group", ""))


class EditKeyForm(DifferentRootForm, KeyForm):
    """An existing key; `version` is the one this form was opened with."""

    version = VersionField()
    different_root = DifferentRootForm.different_root

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Parsing writes into the instance.
        self._current = copy(self.instance)
        viewable = self.fields["viewable"]
        viewable.disabled = not self.instance.viewable
        viewable.help_text = TURNING_OFF if self.instance.viewable else TURNED_OFF

    def rules(self) -> Rules:
        return rules_of_an_edit(self._current, self.cleaned_data.get("different_root", False))


class DeleteKeyForm(ConfirmNameForm):
    """Deleting takes typing the name."""

    whose = " of the key"


class LimitForm(RefusableForm, forms.Form):
    """A higher limit for a key."""

    max_uses = KeyForm.base_fields["max_uses"]
