"""The forms of a signing certificate: generate, request, upload, edit, delete, and move its keys."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any, ClassVar, cast

from cryptography import x509
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import BooleanField, ExpressionWrapper, Q
from django.utils.html import format_html
from django.utils.safestring import SafeString

from keys import choices
from keys.crypto import authority_rules, uploaded_pem
from keys.crypto.ca_certificates import KEY_TYPES
from keys.crypto.uploaded_pem import MOST_BYTES
from keys.models import SigningCertificate
from keys.models.signing_certificate import CANNOT_SIGN
from keys.names import LONGEST_NAME
from keys.operations.ca_generating import MOST_DAYS, UNUSABLE_PARENT, rules_of_a_key_pair, rules_of_generating
from keys.pages.key_forms import CertificateChoice, DifferentRootForm
from portal.field_validation import Rules
from portal.forms import ConfirmNameForm, PageForm, RecordForm, VersionField

_DAYS_MESSAGE = f"Enter a whole number of days from 1 to {MOST_DAYS:,}."
_PEM = "-----BEGIN CERTIFICATE-----"
_FILES = "PEM, DER (.cer, .crt), PKCS #7 (.p7b) or PKCS #12 (.pfx, .p12)."
_KEY_TYPE_HELP = "P-256 is fast and accepted everywhere. RSA is for software that knows nothing else."
ROOT, INTERMEDIATE = "root", "intermediate"


def _with_consequence(label: str, consequence: str) -> SafeString:
    return format_html('<span>{} <span class="hint">{}</span></span>', label, consequence)


class NeverShown(forms.Textarea):
    """A text that is not sent back to the browser: it may hold a private key."""

    def format_value(self, value: Any) -> str:
        return ""


class PemField(forms.CharField):
    """PEM, pasted; never shown again, and not kept through sign-in."""

    widget: type[forms.Textarea] = NeverShown

    def __init__(self, **options: Any) -> None:
        attributes = {"rows": 5, "spellcheck": "false", "autocomplete": "off", "placeholder": _PEM}
        widget = self.widget(attrs={**attributes, **options.pop("attrs", {})})
        super().__init__(widget=widget, required=False, strip=False, **options)

    def public_part(self, text: str) -> str:
        """What may be kept of a text."""
        return ""


class _PublicPart(forms.BoundField):
    """Shows of what was pasted or chosen the certificates alone, whatever else stands in it."""

    def value(self) -> Any:
        given = getattr(self.form, "given", None)
        return uploaded_pem.public_part(given(self.name)) if given and self.form.is_bound else super().value()


class CertificatesField(PemField):
    """Certificates, pasted: they stay in a form that is shown again, also those from a file."""

    widget = forms.Textarea

    def public_part(self, text: str) -> str:
        return uploaded_pem.public_part(text.encode(errors="replace"))

    def get_bound_field(self, form: forms.BaseForm, field_name: str) -> forms.BoundField:
        return _PublicPart(form, self, field_name)


class PasswordField(forms.CharField):
    """The password of what was chosen; never shown again."""

    def __init__(self, **options: Any) -> None:
        widget = forms.PasswordInput(attrs={"autocomplete": "off"})
        super().__init__(widget=widget, required=False, strip=False, max_length=1000, **options)


class CertificateForm(RecordForm):
    """What every certificate of ours has."""

    class Meta:
        model = SigningCertificate
        fields: ClassVar = ["name", "description", "client_type"]
        labels: ClassVar = {"client_type": "Client certificate type"}
        help_texts: ClassVar = {
            "name": "Letters, digits, spaces and . - _ only.",
            "client_type": "None for connectors and Private Service Edges.",
        }
        widgets: ClassVar = {
            "name": forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
            "description": forms.Textarea(attrs={"rows": 2}),
        }
        error_messages: ClassVar = {"name": {"required": f"Enter a name of 1 to {LONGEST_NAME} characters."}}


class KeyTypeForm(CertificateForm):
    """A certificate whose key pair is made here; its name becomes the common name."""

    key_type = forms.ChoiceField(
        label="Key type", choices=[(each, each) for each in KEY_TYPES], initial="EC P-256", help_text=_KEY_TYPE_HELP
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].help_text = "Also the common name: at most 64 bytes of letters, digits, spaces and . - _"

    def rules(self) -> Rules:
        return rules_of_a_key_pair(self.cleaned_data.get("key_type", ""))


class GenerateForm(KeyTypeForm):
    """An intermediate below one of the certificates that may sign it, or a root."""

    kind = forms.ChoiceField(
        label="Place in the chain",
        required=False,
        initial=INTERMEDIATE,
        choices=[
            (INTERMEDIATE, _with_consequence("Intermediate", "Signed by a parent, and trusted where its root is.")),
            (ROOT, _with_consequence("Root", "A new chain: its edges work only with connectors and clients below it.")),
        ],
        widget=forms.RadioSelect,
    )
    parent = CertificateChoice(
        SigningCertificate.objects.none(),
        label="Parent",
        required=False,
        empty_label=None,
        help_text="It signs the new certificate.",
        error_messages={"invalid_choice": UNUSABLE_PARENT},
    )
    days = forms.IntegerField(
        label="Validity in days",
        min_value=1,
        max_value=MOST_DAYS,
        initial=3650,
        help_text="From a day ago, for clocks that are behind. It ends with its parent at the latest.",
        error_messages=dict.fromkeys(("required", "invalid", "min_value", "max_value"), _DAYS_MESSAGE),
    )
    field_order = ("name", "kind", "parent", "key_type", "days", "client_type", "description")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["days"].validators = []
        able, field = parents(), cast("CertificateChoice", self.fields["parent"])
        field.queryset = SigningCertificate.objects.filter(pk__in=[each.pk for each in able])
        field.choices = [(each.pk, field.label_from_instance(each)) for each in able]
        self.initial.setdefault("parent", usual_parent(able))
        if self.initial["parent"] is None:
            self.initial.setdefault("kind", ROOT)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        # Scripts that know no `kind` leave the parent out for a root.
        if (cleaned.get("kind") or (INTERMEDIATE if self.data.get("parent") else ROOT)) == ROOT:
            cleaned["parent"] = None
            self.errors.pop("parent", None)
        elif not cleaned.get("parent") and "parent" not in self.errors:
            self.add_error("parent", ValidationError("Choose a parent, or make a root.", code="required"))
        self.instance.parent = cleaned.get("parent")
        return cleaned

    def rules(self) -> Rules:
        return rules_of_generating(self.cleaned_data.get("key_type", ""), self.cleaned_data.get("days", 0))


def parents() -> list[SigningCertificate]:
    """The certificates that may sign another CA now, by name."""
    return [
        each
        for each in choices.signing_certificates().only("name", "not_after", "der")
        if authority_rules.may_sign_an_authority(x509.load_der_x509_certificate(bytes(each.der)))
    ]


def usual_parent(able: Iterable[SigningCertificate]) -> int | None:
    """Of the certificates that may sign another CA, the parent of most certificates; ties: the oldest."""
    children = Counter(SigningCertificate.objects.complete().values_list("parent_id", flat=True))
    return max((each.pk for each in able), key=lambda pk: (children[pk], -pk), default=None)


class RequestForm(KeyTypeForm):
    """A request that a CA elsewhere signs."""

    field_order = ("name", "key_type", "client_type", "description")


class PemFormMixin(forms.BaseForm):
    """Certificates and keys that are pasted or chosen as a file; both together when both are given."""

    def given(self, name: str) -> list[bytes]:
        """Everything that was given for `name`. A file is read from memory and never written."""
        chosen = self.files.get(self.add_prefix(f"{name}_file"))
        if chosen:
            chosen.seek(0)
        pasted = self.data.get(self.add_prefix(name)) or ""
        return [chosen.read(MOST_BYTES + 1) if chosen else b"", pasted.encode(errors="replace")]


class UploadForm(PemFormMixin, CertificateForm):
    """A chain that was made elsewhere."""

    certificates = CertificatesField(
        label="Certificates", help_text="The certificate, those above it, and the root unless it is here already."
    )
    certificates_file = forms.FileField(
        label="Or a file with them", help_text=_FILES, required=False, allow_empty_file=True
    )
    private_key = PemField(
        label="Private key (optional)",
        attrs={"placeholder": "-----BEGIN PRIVATE KEY-----"},
        help_text="The portal seals it. Without a private key it can only be a parent.",
    )
    private_key_file = forms.FileField(label="Or a file with the private key", required=False, allow_empty_file=True)
    password = PasswordField(label="Password (optional)", help_text="Of a .pfx file or an encrypted private key.")
    field_order = (
        "name", "certificates", "certificates_file", "private_key", "private_key_file", "password", "client_type",
        "description",
    )  # fmt: skip


class CompleteForm(PemFormMixin, PageForm, forms.Form):
    """The certificate that was signed for a request."""

    certificates = CertificatesField(
        label="Signed certificate", help_text="With those above it, and the root unless it is here already."
    )
    certificates_file = forms.FileField(
        label="Or a file with them", help_text=_FILES, required=False, allow_empty_file=True
    )
    password = PasswordField(label="Password (optional)", help_text="Of a .pfx file.")


class EditCertificateForm(CertificateForm):
    """Name, description, type and whether it signs; `version` is the one this form was opened with."""

    version = VersionField()

    class Meta(CertificateForm.Meta):
        fields: ClassVar = [*CertificateForm.Meta.fields, "enabled"]
        help_texts: ClassVar = {
            **CertificateForm.Meta.help_texts,
            "enabled": "Off: keys that use it refuse enrollment and renewal. What it issued stays valid and revocable.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.is_pending:
            self.fields["enabled"].disabled = True
            self.fields["enabled"].help_text = "It is enabled when its signed certificate is uploaded."


class DeleteCertificateForm(ConfirmNameForm):
    """Deleting takes typing the name."""

    whose = " of the certificate"


class ReplaceForm(DifferentRootForm, PageForm, forms.Form):
    """The certificate that keys move to, and the number that the page showed."""

    certificate = CertificateChoice(
        SigningCertificate.objects.none(),
        label="New signing certificate",
        empty_label="Choose a certificate",
        error_messages=dict.fromkeys(("required", "invalid_choice"), CANNOT_SIGN),
    )
    different_root = DifferentRootForm.different_root
    confirmed = VersionField()

    def __init__(self, certificate: SigningCertificate, count: int, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered = choices.signing_certificates().exclude(pk=certificate.pk)
        has_same_root = Q(trust_anchor_sha256=certificate.trust_anchor_sha256)
        field: Any = self.fields["certificate"]
        field.queryset = offered.annotate(has_same_root=ExpressionWrapper(has_same_root, BooleanField())).order_by(
            "-has_same_root", "sort_name"
        )
        field.current = certificate
        self.initial["confirmed"] = count
