"""Sign-in and sign-out: pages, limits and audit events."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import user_logged_in, user_logged_out
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.models import AbstractBaseUser
from django.contrib.auth.views import LoginView, LogoutView
from django.db import transaction
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import method_decorator

from portal import actors, audit, kept_forms, password_again, sessions
from portal.client_ip import client_ip, network_of
from portal.metrics import SIGN_INS
from portal.password_checks import limited
from portal.preferences import cookies, operations


class SignInForm(AuthenticationForm):
    """User name and password. An unknown user, a wrong password and a disabled account get the same error."""

    error_messages = dict.fromkeys(("invalid_login", "inactive"), "The user name or password is not right.")

    request: HttpRequest  # LoginView always gives it

    def clean(self) -> dict[str, Any]:
        if self.errors:
            return super().clean()
        with limited(self.cleaned_data["username"], client_ip(self.request), self._refuse) as attempt:
            cleaned = super().clean()
            attempt.succeeded(self.get_user())
        return cleaned

    def _refuse(self, reason: str) -> None:
        """Count the refusal, and record some in the audit log, without the name: people type passwords there."""
        SIGN_INS.labels(result=reason).inc()
        actor = actors.from_request(self.request)
        once = network_of(actor.client_ip)
        audit.record_once(audit.Action.USER_REFUSED, actor, audit.Subject("user"), once=once, reason=reason)


class SignInView(LoginView):
    """The sign-in page. It redirects to the page that was requested."""

    form_class = SignInForm
    redirect_authenticated_user = True

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        response = super().form_valid(form)
        kept_forms.remember_browser(self.request, response)
        return response


@method_decorator(transaction.atomic, "post")
class SignOutView(LogoutView):
    """Signs out on POST. The end of the session and its audit event are one transaction."""


def _subject(user: AbstractBaseUser) -> audit.Subject:
    return audit.Subject("user", str(user.pk), user.get_username())


@receiver(user_logged_in)
def _signed_in(request: HttpRequest, user: AbstractBaseUser, **_: Any) -> None:
    SIGN_INS.labels(result="success").inc()
    sessions.begin(request)
    password_again.checked(request)
    audit.record(audit.Action.USER_SIGNED_IN, actors.from_request(request, user), _subject(user))
    cookies.keep(request, operations.of_account(user.pk))


@receiver(user_logged_out)
def _signed_out(request: HttpRequest, user: AbstractBaseUser | None, **_: Any) -> None:
    cookies.drop(request)
    if user is not None:
        audit.record(audit.Action.USER_SIGNED_OUT, actors.from_request(request, user), _subject(user))
