"""Asks for the password again before a secret is shown: when its last check is older than PASSWORD_AGAIN_MINUTES.

The same address takes the password: a page without JavaScript sends the form once more with it, a script its request.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters

from portal import actors, lost_forms, password_checks, problems

View = Callable[..., HttpResponse]
_CHECKED = "password_checked"
_NOT_REPEATED = frozenset({"csrfmiddlewaretoken", "password"})


class PasswordAgainForm(forms.Form):
    """The password of the signed-in user. Guesses have the limits of sign-in."""

    password = forms.CharField(
        strip=False,
        error_messages={"required": "Enter your password."},
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password", "autofocus": True}),
    )

    def __init__(self, request: HttpRequest, *args: Any) -> None:
        super().__init__(*args)
        self.request = request

    def clean_password(self) -> str:
        typed: str = self.cleaned_data["password"]
        user = self.request.user
        if isinstance(user, User):
            password_checks.check_own(user, typed, actors.from_request(self.request), "This is not your password.")
        return typed


def checked(request: HttpRequest) -> None:
    """Note that the password was checked just now."""
    request.session[_CHECKED] = timezone.now().isoformat()


def after_password(view: View) -> View:
    """A view decorator: a POST needs a recent check of the password. It comes after the check of the permission."""

    @wraps(view)
    @sensitive_post_parameters("password")
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if _is_recent(request):
            return view(request, *args, **kwargs)
        form = PasswordAgainForm(request, request.POST if "password" in request.POST else None)
        if form.is_bound and form.is_valid():
            checked(request)
            return view(request, *args, **kwargs)
        return _ask(request, form)

    return guarded


def _is_recent(request: HttpRequest) -> bool:
    limit = timedelta(minutes=settings.PASSWORD_AGAIN_MINUTES)
    at = request.session.get(_CHECKED)
    # A check in the future was dated by a clock that is ahead.
    return not limit or (at is not None and abs(timezone.now() - datetime.fromisoformat(at)) < limit)


def _ask(request: HttpRequest, form: PasswordAgainForm) -> HttpResponse:
    """403 with a form that sends the same once more, or a problem document; its code begins with `password_`."""
    if not request.accepts("text/html"):
        mistakes: list[ValidationError] = form.errors.as_data().get("password", []) if form.is_bound else []
        code, sentence = "required", "Enter your password and send it as `password` with the same request."
        if mistakes:
            code, sentence = mistakes[0].code or "incorrect", " ".join(mistakes[0].messages)
        return problems.response(request, 403, f"password_{code}", "Password needed", sentence)
    repeated = request.POST.keys() - _NOT_REPEATED
    context = {
        "form": form,
        "minutes": settings.PASSWORD_AGAIN_MINUTES,
        "repeated": [(name, value) for name in repeated for value in request.POST.getlist(name)],
        "back": lost_forms.page_of(request),
    }
    return render(request, "registration/password_again.html", context, status=403)
