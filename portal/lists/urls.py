"""Addresses that every list has beside its page."""

from __future__ import annotations

from django.urls import URLPattern, path

from portal.lists.bulk_page import bulk_page
from portal.lists.columns_form import choose_columns
from portal.lists.views_page import saved_views_page

urlpatterns: list[URLPattern] = [
    path("lists/<slug:name>/bulk/", bulk_page, name="list-bulk"),
    path("lists/<slug:name>/columns/", choose_columns, name="list-columns"),
    path("lists/<slug:name>/views/", saved_views_page, name="list-views"),
]
