"""Addresses for machines, and the pages of edges and of revoking. They are stable."""

from __future__ import annotations

from django.urls import include, path

from enrollment.endpoints import json, pki
from enrollment.endpoints.downloads import download
from enrollment.pages import revoke
from enrollment.pages.audit_log import audit_log
from enrollment.pages.edge_delete import edge_delete
from enrollment.pages.edge_detail import edge_detail
from enrollment.pages.edge_edit import edge_disable, edge_edit, edge_enable
from enrollment.pages.edge_list import edge_list
from enrollment.pages.wizard.asking import begin, step_page
from enrollment.pages.wizard.ending import discard, key_ready
from enrollment.pages.wizard.ready import enrolled
from enrollment.pages.wizard.review import review

app_name = "enrollment"
urlpatterns = [
    path("enrollment/v1/enroll", json.enroll, name="enroll"),
    path("enrollment/v1/renew", json.renew, name="renew"),
    path("enrollment/v1/heartbeat", json.heartbeat, name="heartbeat"),
    path(".well-known/est/", include("enrollment.endpoints.est.urls")),
    path("pki/<int:issuer_id>.crl", pki.revocation_list, name="revocation-list"),
    path("pki/<int:issuer_id>.cer", pki.issuer_certificate, name="issuer-certificate"),
    path("downloads/<str:name>", download, name="download"),
    path("service-edge-keys/<int:pk>/revoke/", revoke.key_revoke, name="key-revoke"),
    path("service-edges/", edge_list, name="edge-list"),
    path("service-edges/add/", begin, name="edge-add"),
    path("service-edges/add/choose-key/", step_page("choose-key"), name="edge-add-choose-key"),
    path("service-edges/add/certificate/", step_page("certificate"), name="edge-add-certificate"),
    path("service-edges/add/group/", step_page("group"), name="edge-add-group"),
    path("service-edges/add/key-details/", step_page("key-details"), name="edge-add-key-details"),
    path("service-edges/add/review/", review, name="edge-add-review"),
    path("service-edges/add/ready/", key_ready, name="edge-add-ready"),
    path("service-edges/add/ready/enrolled/", enrolled, name="edge-add-enrolled"),
    path("service-edges/add/discard/", discard, name="edge-add-discard"),
    path("audit-log/", audit_log, name="audit-log"),
    path("service-edges/<int:pk>/", edge_detail, name="edge-detail"),
    path("service-edges/<int:pk>/edit/", edge_edit, name="edge-edit"),
    path("service-edges/<int:pk>/enable/", edge_enable, name="edge-enable"),
    path("service-edges/<int:pk>/disable/", edge_disable, name="edge-disable"),
    path("service-edges/<int:pk>/delete/", edge_delete, name="edge-delete"),
    path("service-edges/<int:pk>/revoke/", revoke.edge_revoke, name="edge-revoke"),
    path(
        "service-edges/<int:pk>/certificates/<int:certificate_pk>/revoke/",
        revoke.certificate_revoke,
        name="certificate-revoke",
    ),
]
