"""Metrics require the token; their labels are fixed codes."""

from django.test import override_settings

from tests.base import PortalTestCase


class MetricsTest(PortalTestCase):
    def test_without_a_token_the_address_does_not_exist(self) -> None:
        self.assertEqual(self.client.get("/metrics").status_code, 404)

    @override_settings(METRICS_TOKEN="a token")  # a token of this test
    def test_only_the_right_token_reads(self) -> None:
        self.assertEqual(self.client.get("/metrics", headers={"Authorization": "Bearer wrong"}).status_code, 404)
        response = self.client.get("/metrics", headers={"Authorization": "Bearer a token"})
        self.assertEqual(response.status_code, 200)
        self.assertIn("text/plain", response["Content-Type"])

    @override_settings(METRICS_OPEN=True)
    def test_refusals_are_counted_by_code_and_nothing_of_the_input_becomes_a_label(self) -> None:
        body = {"provisioning_key": "label-injection-attempt", "csr": "x"}
        self.client.post("/enrollment/v1/enroll", body, content_type="application/json")
        text = self.client.get("/metrics").content.decode()
        self.assertIn('portal_enrollments_total{code="malformed_key"}', text)
        self.assertNotIn("label-injection-attempt", text)
