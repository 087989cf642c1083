"""The support pages: the Django admin with our titles, and the portal's pages for sign-in and the own password."""

from __future__ import annotations

from functools import wraps
from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.decorators import method_decorator


class PortalAdminSite(AdminSite):
    """The admin site without its own sign-in page.

    Signed-out visitors are sent to the portal's sign-in page; signed-in users without staff rights get 403.
    """

    site_header = "Support"
    site_title = "Support"
    index_title = "Records"

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

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        return redirect("own-password")

    def password_change_done(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        return redirect("own-password")

    def autocomplete_view(self, request: HttpRequest) -> Any:
        # No field of ours asks it, and what is typed would be in the address.
        raise Http404
