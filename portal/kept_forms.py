"""What was typed into a form that was not accepted is kept through sign-in, and then shown again.

A form is kept when its session ended, or when its page is older than a sign-in in another tab. It is never sent again
by the portal: its own page shows it, filled in, to whoever typed it.

Who that is follows from a signed field that the form has (`kept_page`): the user of its page, and the browser, which a
cookie names. So a form is kept only when a page of the portal in this browser sent it, for the user of that page, and
no other site can have one kept.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

from django import forms
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core import signing
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

from portal.models import KeptForm
from portal.secret_texts import may_hold_secret

F = TypeVar("F", bound=forms.BaseForm)
V = TypeVar("V", bound=Callable[..., Any])

KEPT_FOR = timedelta(hours=1)
MOST_OF_A_USER = 5
MOST_CHARACTERS = 32 * 1024
LONGEST_PATH = KeptForm._meta.get_field("path").max_length or 0
PARAMETER = "kept"
_SALT = "portal.kept_forms"
_PAGES_AGE = 7 * 24 * 60 * 60
# The signed field of a form, which names its user and its browser.
PAGE_FIELD = "kept_page"


@dataclass(frozen=True, slots=True)
class ShownAgain:
    """Why a form is filled in already: it was kept. `asked_again` are the labels of fields that were not kept."""

    asked_again: list[str]


class AnyFields(forms.Form):
    """For views whose form depends on the request: all that was sent is kept, passwords and buttons left out."""


def keeps(form: type[forms.BaseForm]) -> Callable[[V], V]:
    """A view decorator: what is typed into this form of the page is kept. The view passes it to `shown_again`, and its
    template has `{% kept_page %}` in the form."""

    def decorate(view: V) -> V:
        view.kept_form = form  # type: ignore[attr-defined]  # functions are open by design
        return view

    return decorate


def remember_browser(request: HttpRequest, response: HttpResponse) -> None:
    """Give the browser a random name, which stays the same at later sign-ins. Call it after each sign-in."""
    response.set_cookie(
        settings.PAGES_COOKIE_NAME,
        request.COOKIES.get(settings.PAGES_COOKIE_NAME) or secrets.token_urlsafe(16),
        max_age=_PAGES_AGE,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def page_of(request: HttpRequest) -> str:
    """The value of PAGE_FIELD in the forms of this page."""
    return signing.dumps([request.user.pk, _browser(request)], salt=_SALT)


def keep(request: HttpRequest) -> str:
    """Keep what was typed; the address that shows it again.

    "" when it is not kept: no page of the portal in this browser sent it, another user is signed in meanwhile, its view
    does not ask for it, it is too large, or its address holds a NUL.
    """
    form = getattr(request.resolver_match and request.resolver_match.func, "kept_form", None)
    owner = _owner(request)
    if form is None or owner is None or (request.user.is_authenticated and request.user.pk != owner):
        return ""
    content = json.dumps(_public(form, request))
    # PostgreSQL stores no NUL.
    if len(content) > MOST_CHARACTERS or len(request.path) > LONGEST_PATH or "\0" in request.path:
        return ""
    if not get_user_model().objects.filter(pk=owner, is_active=True).exists():
        return ""
    handle = secrets.token_urlsafe(16)
    with transaction.atomic():
        KeptForm.objects.create(
            handle=handle, user_id=owner, page=_browser(request), path=request.path, content=content, at=timezone.now()
        )
        of_user = KeptForm.objects.filter(user_id=owner).order_by("-pk")
        KeptForm.objects.filter(pk__in=list(of_user.values_list("pk", flat=True)[MOST_OF_A_USER:])).delete()
    return f"{request.path}?{PARAMETER}={handle}"


def shown_again(request: HttpRequest, form: F) -> F:
    """The form, filled in with what its user typed before, when the address names it; else, or when it was sent, as
    it is."""
    kept = None if form.is_bound else _find(request)
    if kept is None:
        return form
    content = json.loads(kept.content)
    typed = QueryDict(mutable=True)
    for name, values in content["fields"].items():
        typed.setlist(name, values)
    fill_in(form, typed, but=content["asked_again"])
    labels = [str(form[name].label) for name in form.fields if name in content["asked_again"]]
    form.shown_again = ShownAgain(labels)  # type: ignore[attr-defined]  # for the template
    return form


def fill_in(form: forms.BaseForm, typed: QueryDict, *, but: Collection[str] = ()) -> None:
    """Show in an unbound form what was typed before. It stays unjudged; fields named in `but` stay as they are."""
    for name, field in form.fields.items():
        is_left_out = name in but or field.disabled
        if not is_left_out and not field.widget.value_omitted_from_data(typed, {}, name):
            value = field.widget.value_from_datadict(typed, {}, name)
            form.initial[name] = field.bound_data(value, form.initial.get(name))
    if refilled := getattr(form, "refilled", None):
        refilled()


def expired() -> QuerySet[KeptForm]:
    """Forms that are no longer shown."""
    return KeptForm.objects.filter(at__lte=timezone.now() - KEPT_FOR)


def _find(request: HttpRequest) -> KeptForm | None:
    """The form that the address names, if this user typed it into a page of this browser."""
    handle = request.GET.get(PARAMETER, "")
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,32}", handle):
        return None
    mine = KeptForm.objects.filter(user=request.user.pk, page=_browser(request))
    found = mine.filter(handle=handle, path=request.path)
    return found.filter(at__gt=timezone.now() - KEPT_FOR).first()


def _public(form: type[forms.BaseForm], request: HttpRequest) -> dict[str, Any]:
    """What was typed into the fields, without secrets, and the names of the fields that had one."""
    fields: dict[str, list[str]] = {}
    asked_again = []
    declared: dict[str, forms.Field] = form.base_fields  # type: ignore[attr-defined]  # of every form class
    if form is AnyFields:
        declared = {name: forms.CharField(widget=_widget_of(name)) for name in request.POST if name[:1] != "_"}
        for name in ("csrfmiddlewaretoken", PAGE_FIELD):
            declared.pop(name, None)
    for name, field in declared.items():
        typed = request.POST.getlist(name)
        public = [_public_part(field, text) for text in typed]
        if name in request.FILES or (any(typed) and not any(public)):
            asked_again.append(name)
        elif typed:
            fields[name] = public
    return {"fields": fields, "asked_again": asked_again}


def _public_part(field: forms.Field, text: str) -> str:
    """A value, unless it may be a secret. A field that knows better has `public_part`."""
    if isinstance(field.widget, forms.PasswordInput | forms.FileInput):
        return ""
    if part := getattr(field, "public_part", None):
        return str(part(text))
    return "" if may_hold_secret(text) else text


def _widget_of(name: str) -> forms.Widget:
    # The switch of the support pages is no password.
    return forms.PasswordInput() if "password" in name and name != "usable_password" else forms.TextInput()


def _owner(request: HttpRequest) -> int | None:
    """The user of the page that sent the form, if it was a page in this browser."""
    try:
        sent = request.POST.get(PAGE_FIELD, "")
        user, browser = signing.loads(sent, salt=_SALT, max_age=_PAGES_AGE)
    except (signing.BadSignature, ValueError):
        return None
    return int(user) if browser and constant_time_compare(browser, _browser(request)) else None


def _browser(request: HttpRequest) -> str:
    """HMAC-SHA256 (hex) of the name of the browser; "" for one that has none, for which nothing is kept."""
    name = request.COOKIES.get(settings.PAGES_COOKIE_NAME, "")
    return salted_hmac(_SALT, name, algorithm="sha256").hexdigest() if name else ""
