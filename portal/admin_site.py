"""The support pages: the Django admin with our titles, and the portal's pages for sign-in and the own password."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import get_script_prefix, path, reverse
from django.utils.decorators import method_decorator
from django.views.decorators.http import require_safe

from portal.admin_base import SHOWN, SupportAdmin


@dataclass(frozen=True, slots=True)
class Found:
    """The records of one kind: the address, name and description of each. `more` when there are others."""

    kind: str
    records: list[tuple[str, str, str]]
    more: bool
    is_exact: bool


def _found(request: HttpRequest, admins: Sequence[SupportAdmin], term: str) -> list[Found]:
    for is_exact in (True, False):
        found = []
        for each in admins:
            rows = each.find(request, term, beginning=not is_exact)
            shown = [(each.address(row), str(row), each.in_search(row)) for row in rows[:SHOWN]]
            if shown:
                found.append(Found(str(each.opts.verbose_name_plural), shown, len(rows) > SHOWN, is_exact))
        if found:
            return found
    return []


class PortalAdminSite(AdminSite):
    """The admin site without its own sign-in page.

    Signed-out visitors are sent to the portal's sign-in page; signed-in users without staff rights get 403.
    """

    site_header = "Support"
    site_title = "Support"
    index_title = "Records"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._app_lists: dict[Any, list[Any]] = {}

    @method_decorator(login_not_required)
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return redirect_to_login(request.GET.get("next", reverse("admin:index")))

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        inner = super().admin_view(view, cacheable)

        @wraps(inner)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            # Django would redirect a user without staff rights to the sign-in page, which redirects back here.
            if request.user.is_authenticated and not self.has_permission(request):
                raise PermissionDenied("Only support staff may open these pages. Ask an administrator for a role.")
            return inner(request, *args, **kwargs)

        return guarded

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """Django's list, made once for all with the same rights: its two dozen addresses take 1 ms of each page."""
        user = request.user
        rights = "superuser" if user.is_superuser else frozenset(user.get_all_permissions())
        known = (rights, app_label, get_script_prefix())
        if known not in self._app_lists:
            self._app_lists[known] = super().get_app_list(request, app_label)
        return self._app_lists[known]

    def get_urls(self) -> list[Any]:
        return [path("search/", self.admin_view(self.search), name="search"), *super().get_urls()]

    @method_decorator(require_safe)
    def search(self, request: HttpRequest) -> HttpResponse:
        """What a term identifies, among all records that the user may view: one is opened, of several each is listed.

        Names count in full, else by their beginning; each is looked up in an index.
        """
        term = request.GET.get("q", "").replace("\0", "").strip()
        admins = [
            each
            for each in self._registry.values()
            if isinstance(each, SupportAdmin) and each.has_view_permission(request)
        ]
        found = _found(request, admins, term) if term else []
        if len(found) == 1 and len(found[0].records) == 1 and found[0].is_exact:
            return redirect(found[0].records[0][0])
        context = {
            **self.each_context(request),
            "title": "Search",
            "term": term,
            "found": found,
            "lists": [(each.opts.verbose_name_plural, each.address()) for each in admins if each.search_fields],
        }
        return TemplateResponse(request, "admin/search.html", context)

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        return redirect("own-password")

    def password_change_done(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        return redirect("own-password")

    def autocomplete_view(self, request: HttpRequest) -> Any:
        # No field of ours asks it, and what is typed would be in the address.
        raise Http404
