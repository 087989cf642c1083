"""Build every revocation list that is due, and write all of them into one file for nginx."""

from __future__ import annotations

import os
import tempfile
from argparse import ArgumentParser
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from enrollment.models import RevocationList
from enrollment.operations.revocation_lists import publish, signs_lists
from keys.models import SigningCertificate

# Revocation lists are public, and nginx may run under another account.
_MODE = 0o644


class Command(BaseCommand):
    help = (
        "Build the revocation list of each signing certificate, the root's included, when a certificate was revoked or "
        "the list is a day old. Exit 0 all lists are current, 1 a list could not be built (the others were, and the "
        "file holds the newest of each) or the file could not be written, 2 wrong usage."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--pem", type=Path, help="write all lists to this file, for nginx's ssl_crl, when its content changes"
        )

    def handle(self, *args: Any, pem: Path | None, verbosity: int, **options: Any) -> None:
        now, newest, late = timezone.now(), [], []
        for issuer in SigningCertificate.objects.complete().order_by("pk"):
            published = publish(issuer)
            newest += [published.newest] if published.newest else []
            if not published.is_current:
                is_ours = signs_lists(issuer, now)
                late += [issuer.name] if is_ours else []
                if is_ours or verbosity:
                    self.stderr.write(_lateness(issuer, published.newest, is_ours))
        if pem:
            self._write(pem, newest, verbosity)
        if late:
            raise CommandError(f"Not current: {', '.join(late)}.")

    def _write(self, pem: Path, newest: Iterable[RevocationList], verbosity: int) -> None:
        lists = (x509.load_der_x509_crl(bytes(each.der)) for each in newest)
        content = b"".join(each.public_bytes(Encoding.PEM) for each in lists)
        try:
            changed = write_when_changed(pem, content)
        except OSError as error:
            raise CommandError(f"{pem} cannot be written: {error.strerror}.") from None
        if verbosity:
            self.stderr.write(f"{pem} {'written' if changed else 'is current'}.")


def _lateness(issuer: SigningCertificate, newest: RevocationList | None, is_ours: bool) -> str:
    reason = "could not be built" if is_ours else "is not made here (no key, or expired)"
    kept = f"; the one of {newest.this_update:%Y-%m-%d %H:%M} UTC stays" if newest else ""
    return f"The list of {issuer.name!r} {reason}{kept}."


def write_when_changed(file: Path, content: bytes) -> bool:
    """Write the file atomically and flush it to the disk, unless it has this content. Return whether it was written."""
    if file.exists() and file.read_bytes() == content:
        return False
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(handle, "wb") as temporary:
            temporary.write(content)
            os.fchmod(temporary.fileno(), _MODE)
            temporary.flush()
            os.fsync(temporary.fileno())
        os.replace(name, file)
    except BaseException:
        os.unlink(name)
        raise
    return True
