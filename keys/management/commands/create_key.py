"""Create a provisioning key and print its text, alone, on standard output."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from keys import choices
from keys.errors import Refused
from keys.models import ProvisioningKey, ServiceEdgeGroup, SigningCertificate
from keys.operations import create_key
from portal import actors
from portal.startup import SealingCommand


class Command(SealingCommand):
    help = "Create a provisioning key. Exit 0 created, 1 refused, 2 wrong usage."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--name", required=True, help="edges are named after it: NAME-1, NAME-2, ...")
        parser.add_argument("--group", required=True, help="Service Edge group; made when it does not exist")
        parser.add_argument("--max-uses", type=int, default=1, help="how many edges may enroll (default 1)")
        parser.add_argument("--signing-certificate", default="Service Edge", help="default: Service Edge")
        parser.add_argument("--no-view", action="store_true", help="the text cannot be shown again later")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            text = _create(**options)
        except Refused as refused:
            raise CommandError(str(refused)) from refused
        self.stdout.write(text)
        self.stderr.write(f"Created {options['name']!r}.")


def _create(*, name: str, group: str, max_uses: int, signing_certificate: str, no_view: bool, **_: Any) -> str:
    certificate = choices.named(SigningCertificate.objects.all(), signing_certificate)
    if certificate is None:
        raise CommandError("There is no signing certificate of that name.")
    existing = choices.named(ServiceEdgeGroup.objects.all(), group)
    key = ProvisioningKey(name=name, max_uses=max_uses, viewable=not no_view, signing_certificate=certificate)
    if existing:
        key.group = existing
    return create_key(key, actor=actors.for_command("create_key"), new_group="" if existing else group)
