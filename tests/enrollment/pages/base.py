"""What the tests of the pages of edges share."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from enrollment.models import IssuedCertificate, ServiceEdge
from enrollment.operations import Report, record_contact
from tests.enrollment.base import EnrollmentTestCase, now

LIST = "/service-edges/"


class EdgePagesTestCase(EnrollmentTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.sign_in("vic")
        self.enrolled = self.enroll(self.text)
        self.edge = ServiceEdge.objects.get()
        self.page = f"{LIST}{self.edge.pk}/"

    def contact(self, ago: timedelta = timedelta()) -> None:
        certificate = IssuedCertificate.objects.select_related("edge").get(edge=self.edge)
        report = Report("1.2.3", "Linux 6.1 <x86_64>", ("192.0.2.7", "2001:db8::7"))
        record_contact(certificate, report)
        ServiceEdge.objects.filter(pk=self.edge.pk).update(last_contact_at=now() - ago)

    def get(self, path: str, **query: str) -> Any:
        return self.client.get(path, query)
