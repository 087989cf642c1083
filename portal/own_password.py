"""The page where users of every role change their own password."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.forms import PasswordChangeForm
from django.contrib.auth.views import PasswordChangeView
from django.http import HttpResponse
from django.urls import reverse_lazy
from django.utils.decorators import method_decorator

from portal import accounts, actors, kept_forms, password_again, sessions
from portal.actors import Actor
from portal.forms import RefusableForm
from portal.password_checks import check_own
from portal.refusals import Invalid

_REQUIRED = {
    "old_password": "Enter your current password.",
    "new_password1": "Enter a new password.",
    "new_password2": "Enter the new password again.",
}


class OwnPasswordForm(RefusableForm, PasswordChangeForm):
    """Django's form, which stores nothing here: `OwnPasswordView` passes the password to the operation."""

    def __init__(self, actor: Actor, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.actor = actor
        self.fields["old_password"].label = "Current password"
        self.fields["new_password1"].help_text = "At least 15 characters. Neither a common password nor like your name."
        self.fields["new_password2"].label = "New password again"
        self.fields["new_password2"].help_text = ""
        for name, sentence in _REQUIRED.items():
            self.fields[name].error_messages["required"] = sentence

    def clean_old_password(self) -> str:
        typed: str = self.cleaned_data["old_password"]
        check_own(self.user, typed, self.actor, "This is not your current password.")
        return typed

    def save(self, commit: bool = True) -> Any:
        return self.user


@method_decorator(kept_forms.keeps(OwnPasswordForm), "dispatch")
class OwnPasswordView(PasswordChangeView):
    """Changes the password of the signed-in user, whose other sessions end."""

    form_class = OwnPasswordForm
    template_name = "registration/own_password.html"
    success_url = reverse_lazy("preferences")

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "actor": actors.from_request(self.request)}

    def get_form(self, form_class: Any = None) -> Any:
        return kept_forms.shown_again(self.request, super().get_form(form_class))

    def form_valid(self, form: Any) -> HttpResponse:
        try:
            new, session = form.cleaned_data["new_password1"], sessions.key_of(self.request)
            accounts.change_own_password(form.user, new, session=session, actor=form.actor)
        except Invalid as refused:
            form.refuse(refused)
            return self.form_invalid(form)
        password_again.checked(self.request)
        messages.success(self.request, "Changed your password. You are signed out everywhere else.")
        return super().form_valid(form)
