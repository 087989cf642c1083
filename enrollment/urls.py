"""Addresses that machines use."""

from __future__ import annotations

from django.urls import include, path

from enrollment import views

app_name = "enrollment"
urlpatterns = [
    path("enrollment/v1/enroll", views.enroll, name="enroll"),
    path("enrollment/v1/renew", views.renew, name="renew"),
    path("enrollment/v1/heartbeat", views.heartbeat, name="heartbeat"),
    path(".well-known/est/", include("enrollment.est.urls")),
    path("pki/<int:issuer_id>.cer", views.issuer_certificate, name="issuer-certificate"),
]
