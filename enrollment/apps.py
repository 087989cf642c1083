"""The app of the machines: enrollment, renewal, heartbeats and revocation."""

from __future__ import annotations

from django.apps import AppConfig


class EnrollmentConfig(AppConfig):
    name = "enrollment"
    verbose_name = "Enrollment"

    def ready(self) -> None:
        from enrollment import checks  # noqa: F401  # importing it registers the checks
        from enrollment.machines import EnrolledMachines
        from enrollment.pages import timeline
        from keys import machines
        from portal import admin_base

        machines.register(EnrolledMachines())
        admin_base.register_timeline(timeline.in_support)
