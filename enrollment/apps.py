"""The app of the machines: enrollment, renewal, heartbeats and revocation."""

from __future__ import annotations

from django.apps import AppConfig


class EnrollmentConfig(AppConfig):
    name = "enrollment"
    verbose_name = "Enrollment"

    def ready(self) -> None:
        from enrollment import checks  # noqa: F401  # importing it registers the checks
        from enrollment.machines import EnrolledMachines
        from keys import machines

        machines.register(EnrolledMachines())
