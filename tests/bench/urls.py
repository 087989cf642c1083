"""The portal's addresses and, behind them, those of the views to compare with."""

from django.urls import path

from portal.urls import handler400, handler403, handler404, handler500
from portal.urls import urlpatterns as portal_urls
from tests.bench import views

__all__ = ["handler400", "handler403", "handler404", "handler500"]

urlpatterns = [*portal_urls, path("bench/null", views.null), path("bench/sign", views.sign)]
