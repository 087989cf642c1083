"""Revoke one certificate, one edge, or everything a key admitted, and print what was revoked."""

from __future__ import annotations

import uuid
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from enrollment.models import IssuedCertificate, ServiceEdge
from enrollment.operations import Revocation, revoke_certificate, revoke_edge, revoke_key
from enrollment.revocation_reasons import RevocationReason
from keys.models import ProvisioningKey, SigningCertificate
from keys.names import clean_name
from keys.operations.editing import subject
from portal import actors, audit
from portal.actors import Actor
from portal.numbers import counted
from portal.sort_names import sort_name

REASONS = RevocationReason.values


class Command(BaseCommand):
    help = (
        "Revoke certificates for good and bring the revocation lists up to date. Prints one line for each certificate: "
        "serial, edge. Exit 0 revoked, now or earlier, 1 not found or refused, 2 wrong usage."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        target = parser.add_mutually_exclusive_group(required=True)
        target.add_argument("--edge", type=uuid.UUID, metavar="UUID", help="every certificate of this edge")
        target.add_argument("--serial", type=_serial, metavar="HEX", help="one certificate; colons are fine")
        target.add_argument("--key", metavar="NAME", help="every edge this key admitted; a deleted key's too")
        parser.add_argument("--reason", choices=REASONS, default="unspecified", help="RFC 5280 §5.3.1")

    def handle(self, *args: Any, edge: uuid.UUID | None, serial: str | None, key: str | None, **options: Any) -> None:
        actor, reason = actors.for_command("revoke"), options["reason"]
        if edge:
            found = ServiceEdge.objects.filter(uuid=edge).first()
            if found is None:
                raise CommandError("There is no edge with this UUID.")
            revocation = revoke_edge(found, reason=reason, actor=actor)
        elif serial:
            revocation = revoke_certificate(_certificate(serial), reason=reason, actor=actor)
        else:
            revocation = _revoke_key(key or "", reason, actor)
        self._print(revocation)

    def _print(self, revocation: Revocation) -> None:
        for certificate in revocation.certificates:
            self.stdout.write(f"{certificate.serial} {certificate.edge.name}")
        count = len(revocation.certificates)
        words = f"Revoked {counted(count, 'certificate')} of {counted(revocation.edges, 'edge')}."
        self.stderr.write(words if count else "Nothing was left to revoke.")
        for name in revocation.late_lists:
            self.stderr.write(f"The list of {name!r} could not be built; build_crls and each request for it try again.")


def _serial(text: str) -> str:
    digits = text.replace(":", "").lower().lstrip("0")
    try:
        int(digits, 16)
    except ValueError:
        raise ArgumentTypeError("a serial is written in hexadecimal digits") from None
    return digits


def _certificate(serial: str) -> IssuedCertificate:
    # The index starts with the issuer; without it the query would read every certificate.
    issuers: Iterable[int] = list(SigningCertificate.objects.values_list("pk", flat=True))
    found = list(IssuedCertificate.objects.defer("der").filter(issuer__in=issuers, serial=serial)[:2])
    if not found:
        raise CommandError("No certificate with this serial was issued here.")
    if len(found) > 1:
        raise CommandError("Two issuers have a certificate with this serial. Revoke it by its edge.")
    return found[0]


def _revoke_key(name: str, reason: str, actor: Actor) -> Revocation:
    try:
        wanted = sort_name(clean_name(name))
    except ValidationError as error:
        raise CommandError(" ".join(error.messages)) from None
    key = ProvisioningKey.objects.only("name", "public_id").filter(sort_name=wanted).first()
    if key:
        return revoke_key(key.public_id, reason=reason, actor=actor, subject=subject(key))
    # The key may be deleted; its edges keep its public id and its name.
    public_ids = set(ServiceEdge.objects.filter(key_name=name).values_list("key_public_id", flat=True))
    if not public_ids:
        raise CommandError("There is no key of this name, and no edge enrolled with one.")
    if len(public_ids) > 1:
        raise CommandError(f"{len(public_ids)} deleted keys had this name. Revoke their edges by --edge.")
    return revoke_key(public_ids.pop(), reason=reason, actor=actor, subject=audit.Subject("key", name=name))
