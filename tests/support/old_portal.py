"""`python -m tests.support.old_portal`: `portal.quickstart`, whose preloaded certificates are a year old."""

from __future__ import annotations

from pathlib import Path

from portal.quickstart import __main__ as quickstart

_set_up = quickstart._set_up


def set_up_aged(state_dir: Path) -> None:
    """What quickstart sets up; the certificates it would make are there already."""
    import django

    django.setup()
    from django.core.management import call_command

    from keys.models import SigningCertificate
    from tests.factories import preload

    call_command("migrate", verbosity=0, interactive=False)
    if not SigningCertificate.objects.exists():
        preload()
    _set_up(state_dir)


if __name__ == "__main__":
    quickstart._set_up = set_up_aged
    quickstart.main()
