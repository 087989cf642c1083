"""What machines do: enroll, and later renew and report."""

from __future__ import annotations

from django.apps import AppConfig


class EnrollmentConfig(AppConfig):
    name = "enrollment"
    verbose_name = "Enrollment"

    def ready(self) -> None:
        from enrollment import checks, specimen  # noqa: F401  # one is imported for what it registers
        from enrollment.pages.recent import Recent
        from keys import recent
        from keys.crypto import verification

        recent.register(Recent())
        verification.register(specimen.make)
