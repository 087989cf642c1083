"""The addresses under /.well-known/est/ (RFC 7030 §3.2.2), each with and without a label."""

from __future__ import annotations

from django.urls import path

from enrollment.endpoints.est import views

OPERATIONS = (views.cacerts, views.csrattrs, views.simpleenroll, views.simplereenroll)
urlpatterns = [
    *(path(view.__name__, view, name=f"est-{view.__name__}") for view in OPERATIONS),
    *(path(f"<label>/{view.__name__}", view) for view in OPERATIONS),
    path("<path:address>", views.unknown),
]
