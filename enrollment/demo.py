"""Demo data with every state of a row. The operations make it, so its keys and enrollments are real."""

from __future__ import annotations

import json
from copy import copy
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from django.utils import timezone

import keys
from enrollment.operations import enroll
from keys.models import ProvisioningKey, ServiceEdgeGroup, SigningCertificate
from keys.operations import apply_manifest, create_group, create_key, edit_key, reveal_key
from portal.actors import Actor

MANIFEST = Path(keys.__file__).with_name("manifests") / "demo.json"
RECIPE_KEY = "berlin-lab"


@dataclass(frozen=True, slots=True)
class DemoKey:
    """One key of the demo: its maximum, how many edges enroll with it, and its other settings."""

    name: str
    group: str
    max_uses: int
    uses: int = 0
    viewable: bool = True
    enabled: bool = True
    expires_in_days: int | None = None
    networks: tuple[str, ...] = ()


GROUPS = (
    ServiceEdgeGroup(name="Berlin DC-1", location="Berlin, Germany", city="Berlin", country_code="DE",
                     latitude=Decimal("52.520008"), longitude=Decimal("13.404954")),
    ServiceEdgeGroup(name="São Paulo DC-1", location="São Paulo, Brazil", city="São Paulo", country_code="BR",
                     latitude=Decimal("-23.550520"), longitude=Decimal("-46.633308")),
    ServiceEdgeGroup(name="AWS us-west-2", location="Oregon, United States", country_code="US",
                     description="Auto-scaling group behind one NAT address."),
)  # fmt: skip
KEYS = (
    DemoKey(RECIPE_KEY, "Berlin DC-1", 3),
    DemoKey("berlin-autoscale", "Berlin DC-1", 5, uses=4),
    DemoKey("AWS Oregon", "AWS us-west-2", 25, uses=2),
    DemoKey("oregon-canary", "AWS us-west-2", 1, uses=1),
    DemoKey("são-paulo-edge", "São Paulo DC-1", 4, uses=1, networks=("192.0.2.0/24", "2001:db8::/32")),
    DemoKey("sao-paulo-vault", "São Paulo DC-1", 5, viewable=False),
    DemoKey("sao-paulo-vault-full", "São Paulo DC-1", 1, uses=1, viewable=False),
    DemoKey("berlin-paused", "Berlin DC-1", 10, uses=1, enabled=False),
    DemoKey("berlin-trial", "Berlin DC-1", 10, expires_in_days=14),
)


def seed(actor: Actor) -> str | None:
    """Fill a database without keys. Returns the text of the key in the printed recipe; None when there are keys."""
    if ProvisioningKey.objects.exists():
        return None
    apply_manifest(json.loads(MANIFEST.read_text(encoding="utf-8")), actor=actor)
    for group in GROUPS:
        # A copy, because the operation sets the id.
        create_group(copy(group), actor=actor)
    texts = {demo.name: _seed_key(demo, actor) for demo in KEYS}
    primary = ProvisioningKey.objects.get(name="vendor-fra-primary")
    _enroll_edges(reveal_key(primary, purpose="show", actor=actor), 1)
    return texts[RECIPE_KEY]


def _seed_key(demo: DemoKey, actor: Actor) -> str:
    expires = timezone.now() + timedelta(days=demo.expires_in_days) if demo.expires_in_days else None
    key = ProvisioningKey(
        name=demo.name,
        group=ServiceEdgeGroup.objects.get(name=demo.group),
        signing_certificate=SigningCertificate.objects.get(name="Service Edge"),
        max_uses=demo.max_uses,
        viewable=demo.viewable,
        expires_at=expires,
    )
    text = create_key(key, actor=actor)
    _enroll_edges(text, demo.uses)
    if demo.networks or not demo.enabled:
        key.allowed_networks, key.enabled = list(demo.networks), demo.enabled
        edit_key(key, fields=("allowed_networks", "enabled"), version=key.version, actor=actor)
    return text


def _enroll_edges(text: str, count: int) -> None:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "demo")])
    builder = x509.CertificateSigningRequestBuilder().subject_name(name)
    for _ in range(count):
        csr = builder.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256()).public_bytes(Encoding.PEM).decode()
        enroll(text, csr, caller=Actor("edge", "", "enrollment", client_ip="198.51.100.10"))
