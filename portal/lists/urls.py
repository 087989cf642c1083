"""Addresses that every list has beside its page."""

from __future__ import annotations

from django.urls import URLPattern, path

from portal.lists.columns_form import choose_columns

urlpatterns: list[URLPattern] = [
    path("lists/<slug:name>/columns/", choose_columns, name="list-columns"),
]
