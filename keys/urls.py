"""Addresses of the pages of keys, groups and certificates. They are stable, because scripts and bookmarks use them."""

from __future__ import annotations

from django.urls import URLPattern, path

from keys.pages.certificate_add import certificate_add, certificate_generate, certificate_request, certificate_upload
from keys.pages.certificate_complete import certificate_complete
from keys.pages.certificate_delete import certificate_delete
from keys.pages.certificate_detail import certificate_detail
from keys.pages.certificate_download import certificate_csr, certificate_pem
from keys.pages.certificate_edit import certificate_edit
from keys.pages.certificate_list import certificate_list
from keys.pages.certificate_replace import certificate_replace
from keys.pages.group_add import group_add
from keys.pages.group_delete import group_delete
from keys.pages.group_detail import group_detail
from keys.pages.group_edit import group_edit
from keys.pages.group_list import group_list
from keys.pages.key_add import key_add
from keys.pages.key_delete import key_delete
from keys.pages.key_detail import key_detail
from keys.pages.key_download import key_download
from keys.pages.key_edit import key_edit
from keys.pages.key_limit import key_limit
from keys.pages.key_list import key_list
from keys.pages.key_reveal import key_reveal
from keys.pages.suggestions import group_names, key_names

app_name = "keys"
urlpatterns: list[URLPattern] = [
    path("service-edge-keys/", key_list, name="key-list"),
    path("service-edge-keys/add/", key_add, name="key-add"),
    path("service-edge-keys/groups/", group_names, name="group-names"),
    path("service-edge-keys/names/", key_names, name="key-names"),
    path("service-edge-keys/<int:pk>/", key_detail, name="key-detail"),
    path("service-edge-keys/<int:pk>/edit/", key_edit, name="key-edit"),
    path("service-edge-keys/<int:pk>/limit/", key_limit, name="key-limit"),
    path("service-edge-keys/<int:pk>/delete/", key_delete, name="key-delete"),
    path("service-edge-keys/<int:pk>/reveal/", key_reveal, name="key-reveal"),
    path("service-edge-keys/<int:pk>/download/", key_download, name="key-download"),
    path("service-edge-groups/", group_list, name="group-list"),
    path("service-edge-groups/add/", group_add, name="group-add"),
    path("service-edge-groups/<int:pk>/", group_detail, name="group-detail"),
    path("service-edge-groups/<int:pk>/edit/", group_edit, name="group-edit"),
    path("service-edge-groups/<int:pk>/delete/", group_delete, name="group-delete"),
    path("enrollment-certificates/", certificate_list, name="certificate-list"),
    path("enrollment-certificates/add/", certificate_add, name="certificate-add"),
    path("enrollment-certificates/add/generate/", certificate_generate, name="certificate-generate"),
    path("enrollment-certificates/add/request/", certificate_request, name="certificate-request"),
    path("enrollment-certificates/add/upload/", certificate_upload, name="certificate-upload"),
    path("enrollment-certificates/<int:pk>/", certificate_detail, name="certificate-detail"),
    path("enrollment-certificates/<int:pk>/edit/", certificate_edit, name="certificate-edit"),
    path("enrollment-certificates/<int:pk>/delete/", certificate_delete, name="certificate-delete"),
    path("enrollment-certificates/<int:pk>/upload/", certificate_complete, name="certificate-complete"),
    path("enrollment-certificates/<int:pk>/replace/", certificate_replace, name="certificate-replace"),
    path("enrollment-certificates/<int:pk>/request.csr", certificate_csr, name="certificate-csr"),
    path("enrollment-certificates/<int:pk>/certificate.pem", certificate_pem, name="certificate-pem"),
]
