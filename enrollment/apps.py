"""What machines do: enroll, and later renew and report."""

from __future__ import annotations

from django.apps import AppConfig


class EnrollmentConfig(AppConfig):
    name = "enrollment"
    verbose_name = "Enrollment"

    def ready(self) -> None:
        from enrollment import checks  # noqa: F401  # imported for what it registers
        from enrollment.machines import EnrolledMachines
        from keys import machines

        machines.register(EnrolledMachines())
