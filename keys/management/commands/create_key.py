"""Create a provisioning key and print its text, alone, on standard output."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from keys import choices
from keys.errors import Invalid
from keys.models import ProvisioningKey, ServiceEdgeGroup, SigningCertificate
from keys.names import LONGEST_NAME
from keys.operations import create_key
from portal import actors
from portal.startup import SealingCommand

# The sentences of the model are about lists to choose from, which a shell does not show.
_SENTENCES = {
    "signing_certificate": "There is no signing certificate of that name that can sign now.",
    "group": f"Enter a name of 1 to {LONGEST_NAME} characters for the group.",
}


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
        except Invalid as refused:
            sentences = (_SENTENCES.get(fault.field, fault.sentence) for fault in refused.faults)
            raise CommandError(" ".join(sentences)) from refused
        self.stdout.write(text)
        self.stderr.write(f"Created {options['name']!r}.")


def _create(*, name: str, group: str, max_uses: int, signing_certificate: str, no_view: bool, **_: Any) -> str:
    certificate = choices.named(SigningCertificate.objects.all(), signing_certificate)
    existing = choices.named(ServiceEdgeGroup.objects.all(), group)
    key = ProvisioningKey(name=name, max_uses=max_uses, viewable=not no_view, signing_certificate=certificate)
    if existing:
        key.group = existing
    return create_key(key, actor=actors.for_command("create_key"), new_group="" if existing else group)
