"""What was typed into a form that was not accepted is kept through sign-in, and then shown again.

A form is kept when its session ended, or when its page is older than a sign-in in another tab. It is never sent again
by the portal: its own page shows it, filled in, to whoever typed it.

Who that is follows from the CSRF token of the form. Each sign-in gives the browser a new CSRF secret; a signed cookie
remembers to which user each of the last secrets belonged. So a form is kept only when a page of the portal in this
browser sent it, for the user of that page, and no other site can have one kept.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable
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
from django.middleware import csrf
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

from portal.models import KeptForm

F = TypeVar("F", bound=forms.BaseForm)
View = Callable[..., HttpResponse]

KEPT_FOR = timedelta(hours=1)
MOST_OF_A_USER = 5
MOST_CHARACTERS = 32 * 1024
LONGEST_PATH = KeptForm._meta.get_field("path").max_length or 0
PARAMETER = "kept"
_SALT = "portal.kept_forms"
_PAGES_AGE = 7 * 24 * 60 * 60
_MOST_PAGES = 5
# A private key, or anything long that could be one without its armor, also in lines; the text of a provisioning key.
_SECRET = re.compile(r"PRIVATE KEY|[A-Za-z0-9+/=_-]{60}|(?:[A-Za-z0-9+/=_-]{24,59}\s+){2}")
_KEY_TEXT = re.compile(r"PSEK[A-Za-z0-9+/_-]{22}")
_NOT_IN_A_KEY = re.compile(r"[^A-Za-z0-9+/_-]")


@dataclass(frozen=True, slots=True)
class ShownAgain:
    """Why a form is filled in already: it was kept. `asked_again` are the labels of fields that were not kept."""

    asked_again: list[str]


def keeps(form: type[forms.BaseForm]) -> Callable[[View], View]:
    """A view decorator: what is typed into this form of the page is kept. The view passes it to `shown_again`."""

    def decorate(view: View) -> View:
        view.kept_form = form  # type: ignore[attr-defined]  # functions are open by design
        return view

    return decorate


def remember_page(request: HttpRequest, response: HttpResponse) -> None:
    """Note in the browser to whom the pages from now on belong. Call it after each sign-in."""
    pages = [(_page(request.META["CSRF_COOKIE"]), request.user.pk), *_pages(request)][:_MOST_PAGES]
    response.set_cookie(
        settings.PAGES_COOKIE_NAME,
        signing.dumps(pages, salt=_SALT),
        max_age=_PAGES_AGE,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def keep(request: HttpRequest) -> str:
    """Keep what was typed; the address that shows it again. "" when it is not kept: no page of the portal in this
    browser sent it, another user is signed in meanwhile, its view does not ask for it, or it is too large."""
    form = getattr(request.resolver_match and request.resolver_match.func, "kept_form", None)
    token = request.POST.get("csrfmiddlewaretoken", "")
    page = _page_of_token(token)
    owner = next((user for known, user in _pages(request) if constant_time_compare(known, page)), None)
    if form is None or owner is None or (request.user.is_authenticated and request.user.pk != owner):
        return ""
    content = json.dumps(_public(form, request))
    if len(content) > MOST_CHARACTERS or len(request.path) > LONGEST_PATH:
        return ""
    if not get_user_model().objects.filter(pk=owner, is_active=True).exists():
        return ""
    handle = secrets.token_urlsafe(16)
    with transaction.atomic():
        KeptForm.objects.create(
            handle=handle, user_id=owner, page=page, path=request.path, content=content, at=timezone.now()
        )
        of_user = KeptForm.objects.filter(user_id=owner).order_by("-pk")
        KeptForm.objects.filter(pk__in=list(of_user.values_list("pk", flat=True)[MOST_OF_A_USER:])).delete()
    return f"{request.path}?{PARAMETER}={handle}"


def shown_again(request: HttpRequest, form: F) -> F:
    """The form, filled in with what its user typed before, when the address names it; else as it is."""
    kept = _find(request)
    if kept is None:
        return form
    content = json.loads(kept.content)
    typed = QueryDict(mutable=True)
    for name, values in content["fields"].items():
        typed.setlist(name, values)
    for name, field in form.fields.items():
        is_asked_again = name in content["asked_again"] or field.disabled
        if not is_asked_again and not field.widget.value_omitted_from_data(typed, {}, name):
            form.initial[name] = field.widget.value_from_datadict(typed, {}, name)
    labels = [str(form[name].label) for name in content["asked_again"] if name in form.fields]
    form.shown_again = ShownAgain(labels)  # type: ignore[attr-defined]  # for the template
    if refilled := getattr(form, "refilled", None):
        refilled()
    return form


def expired() -> QuerySet[KeptForm]:
    """Forms that are no longer shown."""
    return KeptForm.objects.filter(at__lte=timezone.now() - KEPT_FOR)


def _find(request: HttpRequest) -> KeptForm | None:
    """The form that the address names, if this user typed it into a page of this browser."""
    handle = request.GET.get(PARAMETER, "")
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,32}", handle):
        return None
    mine = [page for page, user in _pages(request) if user == request.user.pk]
    found = KeptForm.objects.filter(handle=handle, user=request.user.pk, page__in=mine, path=request.path)
    return found.filter(at__gt=timezone.now() - KEPT_FOR).first()


def _public(form: type[forms.BaseForm], request: HttpRequest) -> dict[str, Any]:
    """What was typed into the fields, without secrets, and the names of the fields that had one."""
    fields: dict[str, list[str]] = {}
    asked_again = []
    declared: dict[str, forms.Field] = form.base_fields  # type: ignore[attr-defined]  # of every form class
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
    is_secret = _SECRET.search(text) or _KEY_TEXT.search(_NOT_IN_A_KEY.sub("", text))
    return "" if is_secret else text


def _pages(request: HttpRequest) -> list[tuple[str, int]]:
    """The last pages of this browser by their secrets, each with its user."""
    try:
        cookie = request.COOKIES.get(settings.PAGES_COOKIE_NAME, "")
        return [(page, user) for page, user in signing.loads(cookie, salt=_SALT, max_age=_PAGES_AGE)]
    except (signing.BadSignature, ValueError):
        return []


def _page_of_token(token: str) -> str:
    """The page whose forms have this CSRF token, or tokens of the same secret; Django hides it under a mask."""
    if not re.fullmatch(rf"[A-Za-z0-9]{{{csrf.CSRF_TOKEN_LENGTH}}}", token):
        return ""
    return _page(csrf._unmask_cipher_token(token))  # type: ignore[attr-defined]  # private; a test would notice


def _page(secret: str) -> str:
    return salted_hmac(_SALT, secret, algorithm="sha256").hexdigest()
