"""Plain functions that make records through the operations, with real crypto."""

from __future__ import annotations

import itertools
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import time_machine
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from keys.management.commands.apply_vendor_manifest import BUILTIN
from keys.models import ProvisioningKey, ServiceEdgeGroup, SigningCertificate
from keys.operations import apply_manifest, create_group, create_key, edit_key
from portal.actors import Actor

ACTOR = Actor(kind="command", name="the tests", interface="command")
EDGE = Actor(kind="edge", name="", interface="enrollment", client_ip="192.0.2.7", request_id="request-1")
_numbers = itertools.count(1)


def preload() -> None:
    """Root, Client, Connector and Service Edge, as `make run` made them a year ago: an edge may enroll in the past."""
    with time_machine.travel(datetime.now(UTC) - timedelta(days=365), tick=True):
        apply_manifest(json.loads(BUILTIN.read_text()), actor=ACTOR)


def signing_certificate(name: str = "Service Edge") -> SigningCertificate:
    """A preloaded signing certificate."""
    if not SigningCertificate.objects.filter(name=name).exists():
        preload()
    return SigningCertificate.objects.get(name=name)


def make_group(name: str = "", **fields: Any) -> ServiceEdgeGroup:
    """A group, with a name of its own unless one is given."""
    group = ServiceEdgeGroup(name=name or f"Group {next(_numbers)}", **fields)
    create_group(group, actor=ACTOR)
    return group


def make_key(name: str = "", **fields: Any) -> tuple[ProvisioningKey, str]:
    """A key and its text."""
    fields = {
        "group": fields.get("group") or make_group(),
        "signing_certificate": fields.get("signing_certificate") or signing_certificate(),
        **{key: value for key, value in fields.items() if key not in {"group", "signing_certificate"}},
    }
    key = ProvisioningKey(name=name or f"Key {next(_numbers)}", **fields)
    return key, create_key(key, actor=ACTOR)


def expire(key: ProvisioningKey) -> None:
    """Let the key's time be over since a second: somebody set it so a day ago, when that was in the future."""
    now = datetime.now(UTC)
    edited = ProvisioningKey.objects.get(pk=key.pk)
    edited.expires_at = now - timedelta(seconds=1)
    with time_machine.travel(now - timedelta(days=1)):
        edit_key(edited, fields=["expires_at"], version=edited.version, actor=ACTOR)


def make_managed(**parts: Any) -> None:
    """Vendor-managed records from manifest parts; see `keys.operations.vendor_manifest`."""
    signing_certificate()
    apply_manifest(parts, actor=ACTOR)


def make_private_key() -> ec.EllipticCurvePrivateKey:
    """An edge's key pair."""
    return ec.generate_private_key(ec.SECP256R1())


def make_csr(private_key: Any = None, *, extensions: Any = (), subject: str = "edge") -> str:
    """A PEM request, self-signed by its key; `extensions` are (value, critical) pairs."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, subject)])
    builder = x509.CertificateSigningRequestBuilder().subject_name(name)
    for value, critical in extensions:
        builder = builder.add_extension(value, critical)
    request = builder.sign(private_key or make_private_key(), hashes.SHA256())
    return request.public_bytes(Encoding.PEM).decode()
