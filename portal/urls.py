"""The URLs of the portal. Scripts of its users rely on them, so they do not change."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

from portal import health, metrics, own_password, own_sessions, sign_in
from portal.preferences import views as preferences

urlpatterns = [
    path("", include("enrollment.pages.urls")),
    path("accounts/login/", sign_in.SignInView.as_view(), name="login"),
    path("accounts/logout/", sign_in.SignOutView.as_view(), name="logout"),
    path("accounts/password/", own_password.OwnPasswordView.as_view(), name="own-password"),
    path("accounts/sessions/", own_sessions.own_sessions, name="own-sessions"),
    path("accounts/sessions/left/", own_sessions.session_left, name="session-left"),
    path("preferences/", preferences.preferences, name="preferences"),
    path("preferences/theme/", preferences.theme, name="preferences-theme"),
    path("preferences/density/", preferences.density, name="preferences-density"),
    path("", include("portal.lists.urls")),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", metrics.metrics, name="metrics"),
    path("", include("keys.urls")),
    path("", include("enrollment.urls")),
    path("admin/", admin.site.urls),
]

handler400 = "portal.views.bad_request"
handler403 = "portal.views.permission_denied"
handler404 = "portal.views.not_found"
handler500 = "portal.views.server_error"
