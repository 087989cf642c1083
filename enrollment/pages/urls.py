"""The address of the dashboard, the front page. Its name has no namespace, because the whole portal leads there."""

from __future__ import annotations

from django.urls import path

from enrollment.pages.dashboard import dashboard

urlpatterns = [path("", dashboard, name="home")]
