"""Records of every kind for the tests of how pages look, and the people who see them."""

from __future__ import annotations

import json
from dataclasses import dataclass

from playwright.sync_api import Browser

from tests.browser.conftest import MANIFEST, Stage, new_session
from tests.support.live import PASSWORD

LIST = "/service-edge-keys/"
CERTIFICATES = "/enrollment-certificates/"
GROUPS = "/service-edge-groups/"
LONG = "kind of a name that somebody wrote down in full and then once more in full " * 3
# Certificates near their end come the only way they can: with the vendor's manifest, whose days are whole.
_ENDING = [("Ends this week", 5), ("Ends this month", 20)]
_DOCUMENT = {
    **MANIFEST,
    "certificates": [{"name": name, "years": days / 365.25, "parent": "Root"} for name, days in _ENDING],
}

_BUILD = f"""
import json
from datetime import timedelta
from django.utils import timezone
from keys.models import ProvisioningKey, ServiceEdgeGroup, SigningCertificate
from keys.operations import apply_manifest, generate_certificate, raise_limit, request_certificate
from tests.base import make_user, User
from tests.enrollment.wizard_answers import keep_draft
from tests.factories import ACTOR, make_group, make_key
apply_manifest({_DOCUMENT!r}, actor=ACTOR)
def group(name):
    return ServiceEdgeGroup.objects.filter(name=name).first() or make_group(name)
groups = {{name: group(name) for name in ("London", "G" * 120)}}
ServiceEdgeGroup.objects.filter(name="London").update(location="London", latitude=51.5, longitude=-0.13)
for name, latitude, longitude in (("Lisbon", "38.7", "-9.1"), ("Porto", "41.1", "-8.6"), ("Sydney", "-33.9", "151.2")):
    if not ServiceEdgeGroup.objects.filter(name=name).exists():
        make_group(name, location=name, latitude=latitude, longitude=longitude, enabled=name != "Lisbon")
if not SigningCertificate.objects.filter(name="Ended").exists():
    ended = SigningCertificate(name="Ended", parent=SigningCertificate.objects.get(name="Root"))
    generate_certificate(ended, key_type="EC P-256", days=1, actor=ACTOR)
    over = timezone.now() - timedelta(days=1)
    SigningCertificate.objects.filter(name="Ended").update(not_before=over - timedelta(days=1), not_after=over)
certificates = {{each.name: each for each in SigningCertificate.objects.all()}}
texts = {{}}
def key(name, group="London", certificate="Service Edge", **fields):
    made, texts[name] = make_key(name, group=groups[group], signing_certificate=certificates[certificate], **fields)
key("kind full", max_uses=1)
key("kind nearly full", max_uses=5)
key("kind hidden", viewable=False)
key("kind disabled", enabled=False, expires_at=timezone.now() + timedelta(days=1), allowed_networks=["192.0.2.0/24"])
key({LONG.strip()!r}, "G" * 120, max_uses=2147483647)
key("W" * 120)
for name, certificate in (("soon", "Ends this week"), ("later", "Ends this month")):
    key(f"kind of certificate {{name}}", certificate=certificate)
# A new key needs a certificate in force; the certificate of this one ended later.
key("kind of certificate ended")
ProvisioningKey.objects.filter(name="kind of certificate ended").update(signing_certificate=certificates["Ended"])
for number in range(24):
    key(f"many {{number:02}}")
ProvisioningKey.objects.filter(name="kind nearly full").update(uses=4)
raise_limit(ProvisioningKey.objects.get(name="many 23"), max_uses=50, actor=ACTOR)
if "Own root" not in certificates:
    own = SigningCertificate(name="Own root", description="For the laboratory.")
    generate_certificate(own, key_type="EC P-256", days=365, actor=ACTOR)
    generate_certificate(SigningCertificate(name="Own child", parent=own), key_type="EC P-256", days=90, actor=ACTOR)
    request_certificate(SigningCertificate(name="Own pending"), key_type="EC P-256", actor=ACTOR)
for name in ("vic", "nora"):
    user = User.objects.filter(username=name).first() or make_user(name)
    user.set_password({PASSWORD!r})
    user.save()
keep_draft(User.objects.get(username="admin").pk, certificates["Service Edge"].pk)
records = [*ServiceEdgeGroup.objects.all(), *ProvisioningKey.objects.all(), *SigningCertificate.objects.all()]
paths = {{record.name: record.get_absolute_url() for record in records}}
print(json.dumps({{"paths": paths, "full": texts["kind full"]}}))
"""
# Only the vendor's manifest may touch the vendor's keys; this opens the same gate.
_EMPTY = """
from django.db import transaction
from keys.models import ProvisioningKey, VendorGate
with transaction.atomic():
    VendorGate.objects.update_or_create(id=1, defaults={"open": True})
    ProvisioningKey.objects.all().delete()
    VendorGate.objects.update(open=False)
"""


@dataclass
class World:
    """Where the records of every kind are, by name, and the cookies of the people who have signed in."""

    stage: Stage
    browser: Browser
    paths: dict[str, str]
    cookies: dict[str, dict | None]

    def cookies_of(self, name: str) -> dict | None:
        """The cookies of a person; "nobody" has none."""
        if name not in self.cookies:
            self.cookies[name] = new_session(self.stage, self.browser, name)
        return self.cookies[name]

    @property
    def own(self) -> str:
        """The page of a key with uses left."""
        return self.paths["many 00"]

    def ready(self, name: str) -> str:
        """The last page of the wizard for a key."""
        return f"/service-edges/add/ready/?key={self.paths[name].split('/')[2]}"

    def empty(self) -> None:
        """Delete every key."""
        _shell(self.stage, _EMPTY)


def build(stage: Stage, browser: Browser, admin: dict) -> World:
    """Make the records, in one process."""
    made = json.loads(_shell(stage, _BUILD))
    stage.enroll(made["full"])
    return World(stage, browser, made["paths"], {"admin": admin, "nobody": None})


def _shell(stage: Stage, script: str) -> str:
    return stage.manage("shell", "--verbosity", "0", "-c", script)
