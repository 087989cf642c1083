"""Addresses that machines use, and the pages of what they became."""

from __future__ import annotations

from django.urls import include, path

from enrollment import pki_views, revoke_views, views
from enrollment.edge_detail import edge_detail
from enrollment.edge_list import edge_list

app_name = "enrollment"
urlpatterns = [
    path("enrollment/v1/enroll", views.enroll, name="enroll"),
    path("enrollment/v1/renew", views.renew, name="renew"),
    path("enrollment/v1/heartbeat", views.heartbeat, name="heartbeat"),
    path(".well-known/est/", include("enrollment.est.urls")),
    path("pki/<int:issuer_id>.crl", pki_views.revocation_list, name="revocation-list"),
    path("pki/<int:issuer_id>.cer", pki_views.issuer_certificate, name="issuer-certificate"),
    path("service-edge-keys/<int:pk>/revoke/", revoke_views.key_revoke, name="key-revoke"),
    path("service-edges/", edge_list, name="edge-list"),
    path("service-edges/<int:pk>/", edge_detail, name="edge-detail"),
    path("service-edges/<int:pk>/revoke/", revoke_views.edge_revoke, name="edge-revoke"),
    path(
        "service-edges/<int:pk>/certificates/<int:certificate_pk>/revoke/",
        revoke_views.certificate_revoke,
        name="certificate-revoke",
    ),
]
