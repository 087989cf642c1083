"""Create a provisioning key and print its text, alone, on standard output."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError

from keys import choices
from keys.errors import Refused
from keys.models import ProvisioningKey, ServiceEdgeGroup
from keys.names import clean_name
from keys.operations import create_key
from portal import actors
from portal.sort_names import sort_name
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
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None
        except Refused as error:
            raise CommandError(str(error)) from None
        self.stdout.write(text)
        self.stderr.write(f"Created {options['name']!r}.")


def _create(*, name: str, group: str, max_uses: int, signing_certificate: str, no_view: bool, **_: Any) -> str:
    certificate = (
        choices.signing_certificates(None).filter(sort_name=sort_name(clean_name(signing_certificate))).first()
    )
    if certificate is None:
        raise ValidationError("There is no signing certificate of that name that can sign now.")
    key = ProvisioningKey(name=name, max_uses=max_uses, viewable=not no_view, signing_certificate=certificate)
    existing = ServiceEdgeGroup.objects.filter(sort_name=sort_name(clean_name(group))).first()
    if existing is not None:
        key.group = existing
    key.full_clean(exclude=["group", "fingerprint", "sealed_token"], validate_constraints=False)
    return create_key(key, actor=actors.for_command("create_key"), new_group="" if existing else clean_name(group))
