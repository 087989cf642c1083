"""Demo data with a key and an edge in every state. The operations make it, so its keys and enrollments are real."""

from __future__ import annotations

import json
from contextlib import suppress
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
from enrollment.errors import Refused
from enrollment.models import IssuedCertificate
from enrollment.operations import Report, edit_edge, enroll, record_contact, revoke_edge, sample_refusal
from keys.errors import NotViewable, UsedUp
from keys.models import ProvisioningKey, ServiceEdgeGroup, SigningCertificate
from keys.operations import (
    apply_manifest,
    create_group,
    create_key,
    edit_certificate,
    edit_key,
    generate_certificate,
    reveal_key,
)
from portal.actors import Actor

MANIFEST = Path(keys.__file__).with_name("manifests") / "demo.json"
RECIPE_KEY = "berlin-lab"
CONNECTED, DISCONNECTED, NEVER, DISABLED, REVOKED = "connected", "disconnected", "never", "disabled", "revoked"
# How long ago the last heartbeat of a disconnected edge was.
AWAY = timedelta(hours=3)


@dataclass(frozen=True, slots=True)
class DemoKey:
    """One key of the demo: its maximum, the states of the edges that enroll with it, and its other settings.

    `moves_to` is the certificate that it is given after the edges have enrolled.
    """

    name: str
    group: str
    max_uses: int
    edges: tuple[str, ...] = ()
    viewable: bool = True
    enabled: bool = True
    expires_in: timedelta | None = None
    networks: tuple[str, ...] = ()
    certificate: str = "Service Edge"
    moves_to: str = ""


GROUPS = (
    ServiceEdgeGroup(name="Berlin DC-1", location="Berlin, Germany", city="Berlin", country_code="DE",
                     latitude=Decimal("52.520008"), longitude=Decimal("13.404954")),
    ServiceEdgeGroup(name="São Paulo DC-1", location="São Paulo, Brazil", city="São Paulo", country_code="BR",
                     latitude=Decimal("-23.550520"), longitude=Decimal("-46.633308")),
    ServiceEdgeGroup(name="AWS us-west-2", location="Oregon, United States", country_code="US",
                     latitude=Decimal("45.84"), longitude=Decimal("-119.70"),
                     description="Auto-scaling group behind one NAT address."),
    ServiceEdgeGroup(name="Lisbon DC-1", location="Lisbon, Portugal", city="Lisbon", country_code="PT", enabled=False,
                     latitude=Decimal("38.7223"), longitude=Decimal("-9.1393"), description="Moved to São Paulo."),
    ServiceEdgeGroup(name="Berlin DC-2", location="Berlin, Germany", city="Berlin", country_code="DE",
                     latitude=Decimal("52.4567"), longitude=Decimal("13.5233")),
    ServiceEdgeGroup(name="Singapore DC-1", location="Singapore", city="Singapore", country_code="SG",
                     latitude=Decimal("1.3521"), longitude=Decimal("103.8198"), upgrade_day="WEDNESDAY",
                     upgrade_seconds=68_400, trusted_networks=["Office", "Data center"]),
    ServiceEdgeGroup(name="Sydney DC-1", location="Sydney, Australia", city="Sydney", country_code="AU",
                     latitude=Decimal("-33.8688"), longitude=Decimal("151.2093"), upgrade_day="SATURDAY",
                     upgrade_seconds=54_000, override_version_profile=True, version_profile="2"),
)  # fmt: skip
KEYS = (
    DemoKey(RECIPE_KEY, "Berlin DC-1", 3),
    DemoKey("berlin-autoscale", "Berlin DC-1", 5, (DISCONNECTED, CONNECTED, NEVER, NEVER)),
    DemoKey("AWS Oregon", "AWS us-west-2", 25, (CONNECTED, DISABLED, REVOKED)),
    DemoKey("oregon-canary", "AWS us-west-2", 1, (CONNECTED,)),
    DemoKey("são-paulo-edge", "São Paulo DC-1", 4, (DISCONNECTED,), networks=("192.0.2.0/24", "2001:db8::/32")),
    DemoKey("sao-paulo-vault", "São Paulo DC-1", 5, viewable=False),
    DemoKey("sao-paulo-vault-full", "São Paulo DC-1", 1, (CONNECTED,), viewable=False),
    DemoKey("berlin-paused", "Berlin DC-1", 10, (NEVER,), enabled=False),
    DemoKey("berlin-trial", "Berlin DC-1", 10, expires_in=timedelta(days=14)),
    # No operation takes a time in the past: this one has expired before anybody looks.
    DemoKey("berlin-hackathon", "Berlin DC-1", 5, (REVOKED,), expires_in=timedelta(seconds=2)),
    DemoKey("lisbon-edge", "Lisbon DC-1", 5),
    DemoKey("oregon-2025", "AWS us-west-2", 5, certificate="Service Edge 2025"),
    DemoKey("oregon-spare", "AWS us-west-2", 5, certificate="Service Edge 24 h"),
    DemoKey("singapore-edge", "Singapore DC-1", 5, (CONNECTED, CONNECTED)),
    DemoKey("sydney-edge", "Sydney DC-1", 3, (DISCONNECTED,)),
    DemoKey("berlin-lab-root", "Berlin DC-1", 5, (NEVER,), moves_to="Lab Edge"),
)


# Where the edges of the demo enroll from: addresses for documentation (RFC 5737).
SITE = "198.51.100.10"
# What the portal refused: a key, where an edge tried it, and what was changed in its text on the way.
REFUSALS = (
    ("oregon-canary", SITE, ""),
    ("oregon-canary", "198.51.100.11", ""),
    ("berlin-paused", SITE, ""),
    ("lisbon-edge", "203.0.113.40", ""),
    ("são-paulo-edge", "203.0.113.40", ""),
    ("berlin-lab", "203.0.113.77", "damaged"),
)


def seed(actor: Actor) -> str | None:
    """Fill a database without keys. Returns the text of the key in the printed recipe; None when there are keys."""
    if ProvisioningKey.objects.exists():
        return None
    apply_manifest(json.loads(MANIFEST.read_text(encoding="utf-8")), actor=actor)
    for group in GROUPS:
        # A copy, because the operation sets the id.
        create_group(copy(group), actor=actor)
    _make_certificates(actor)
    texts = {demo.name: _seed_key(demo, actor) for demo in KEYS}
    primary = ProvisioningKey.objects.get(name="vendor-fra-primary")
    _enroll_edge(reveal_key(primary, purpose="show", actor=actor), CONNECTED, actor)
    disabled = SigningCertificate.objects.get(name="Service Edge 2025")
    disabled.enabled = False
    edit_certificate(disabled, fields=["enabled"], version=disabled.version, actor=actor)
    _be_refused(texts, actor)
    return texts[RECIPE_KEY]


def _make_certificates(actor: Actor) -> None:
    """One to disable, one that ends too soon to sign an edge, and one below a root of its organization."""
    for name, parent, days in (
        ("Service Edge 2025", "Root", 365),
        ("Service Edge 24 h", "Root", 1),
        ("Lab Root", "", 3650),
        ("Lab Edge", "Lab Root", 365),
    ):
        above = SigningCertificate.objects.get(name=parent) if parent else None
        record = SigningCertificate(name=name, parent=above)
        generate_certificate(record, key_type="EC P-256", days=days, actor=actor)


def _seed_key(demo: DemoKey, actor: Actor) -> str:
    key = ProvisioningKey(
        name=demo.name,
        group=ServiceEdgeGroup.objects.get(name=demo.group),
        signing_certificate=SigningCertificate.objects.get(name=demo.certificate),
        max_uses=demo.max_uses,
        viewable=demo.viewable,
        expires_at=timezone.now() + demo.expires_in if demo.expires_in else None,
    )
    text = create_key(key, actor=actor)
    for state in demo.edges:
        _enroll_edge(text, state, actor)
    key.allowed_networks, key.enabled = list(demo.networks), demo.enabled
    if demo.moves_to:
        key.signing_certificate = SigningCertificate.objects.get(name=demo.moves_to)
    fields = ("allowed_networks", "enabled", "signing_certificate")
    edit_key(key, fields=fields, version=key.version, actor=actor, different_root=True)
    return text


def _be_refused(texts: dict[str, str], actor: Actor) -> None:
    """Machines that may not enroll, and copies of texts that are not handed out, so that the audit log has both."""
    for name, address, damage in REFUSALS:
        caller = Actor("edge", "", "enrollment", client_ip=address)
        try:
            enroll(texts[name] + damage, _csr(), caller=caller)
        except Refused as refused:
            # After proof, enrolling has recorded it; this records those before proof.
            sample_refusal(refused.code, caller)
    for name in ("sao-paulo-vault", "oregon-canary"):
        with suppress(NotViewable, UsedUp):
            reveal_key(ProvisioningKey.objects.get(name=name), purpose="copy", actor=actor)


def _csr() -> str:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "demo")])
    builder = x509.CertificateSigningRequestBuilder().subject_name(name)
    return builder.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256()).public_bytes(Encoding.PEM).decode()


def _enroll_edge(text: str, state: str, actor: Actor) -> None:
    """Enroll an edge, earlier where it has been away since, and bring it into this state."""
    now = timezone.now()
    caller = Actor("edge", "", "enrollment", client_ip=SITE)
    enrolled = enroll(text, _csr(), caller=caller, now=now - AWAY * 2 if state == DISCONNECTED else now)
    certificate = IssuedCertificate.objects.select_related("edge__group").get(edge__uuid=enrolled.edge_uuid)
    edge = certificate.edge
    if state in {CONNECTED, DISCONNECTED}:
        report = Report("24.3.1", "Linux 6.8 x86_64", ("10.20.0.11",))
        record_contact(certificate, report, now=now - AWAY if state == DISCONNECTED else now)
    elif state == DISABLED:
        edge.enabled = False
        edit_edge(edge, fields=["enabled"], actor=actor)
    elif state == REVOKED:
        revoke_edge(edge, reason="cessationOfOperation", actor=actor)
