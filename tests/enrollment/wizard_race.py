"""Two presses of *Create key* at the same moment, through the whole stack; for `tests.keys.certificate_races`."""

from __future__ import annotations

from threading import Barrier
from typing import Any
from unittest import mock

from django.contrib.auth.models import User
from django.test import Client

from keys.models import ProvisioningKey, ServiceEdgeGroup
from portal import sent_forms
from tests import factories
from tests.enrollment.wizard_answers import answers
from tests.keys.certificate_races import at_once
from tests.support.html import texts, the

START = "/service-edges/add/"


def wizard_submits() -> dict[str, Any]:
    """The headings of both answers, whether each names the key, and how many keys and groups there are."""
    certificate = factories.signing_certificate()
    client = Client(SERVER_NAME="127.0.0.1")
    client.force_login(User.objects.create_superuser("presses twice"))
    for step, given in answers(certificate.pk, "made at once").items():
        sent = client.post(f"{START}{step}/", given)
        assert sent.status_code == 302, texts(sent, "#error-summary")
    run = the(client.get(f"{START}review/"), "[name=run]")["value"]
    both, find, pages = Barrier(2), sent_forms.find, []

    def found(digest: str) -> Any:
        # Both look before either has made anything.
        before = find(digest)
        both.wait(10)
        return before

    def press() -> None:
        own = Client(SERVER_NAME="127.0.0.1")
        own.cookies = client.cookies
        pages.append(own.post(f"{START}ready/", {"run": run}))

    with mock.patch.object(sent_forms, "find", found):
        raised = at_once(press, press)
    return {
        "raised": raised,
        "headings": sorted(texts(page, "h1")[0] for page in pages),
        "named": ["made at once" in the(page, "main").text for page in pages],
        "made": [
            model.objects.filter(name__startswith="made at once").count()
            for model in (ProvisioningKey, ServiceEdgeGroup)
        ],
    }
