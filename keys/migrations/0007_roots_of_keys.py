"""The root of each certificate, and the root that each key text pins.

A text can't be read here: many are not stored. It pins the root of the certificate that the key was made with, which is
that of today unless an event says that it was changed. Where that certificate is gone, the pin stays unknown.
"""

import hashlib

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.db import migrations


def fill(apps, schema_editor):
    certificates = apps.get_model("keys", "SigningCertificate").objects.filter(der__isnull=False)
    keys = apps.get_model("keys", "ProvisioningKey").objects
    parents = dict(certificates.values_list("pk", "parent_id"))
    pins = {}
    for pk, der in certificates.values_list("pk", "der"):
        if parents[pk] is None:
            public_key = x509.load_der_x509_certificate(bytes(der)).public_key()
            spki = public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
            pins[pk] = hashlib.sha256(spki).hexdigest()
    for pk in parents:
        pin = pins[_root(pk, parents)]
        certificates.filter(pk=pk).update(trust_anchor_sha256=pin)
        keys.filter(signing_certificate_id=pk).update(pin=pin)
    by_name = dict(certificates.values_list("name", "trust_anchor_sha256"))
    for key_id, name in _first_certificates(apps):
        keys.filter(pk=key_id).update(pin=by_name.get(name, ""))


def _root(pk, parents):
    while parents[pk] is not None:
        pk = parents[pk]
    return pk


def _first_certificates(apps):
    """The keys whose certificate was changed, each with the name of its first one."""
    events = apps.get_model("portal", "AuditEvent").objects.filter(object_kind="key", action="key.edited")
    seen = set()
    for key_id, detail in events.order_by("id").values_list("object_id", "detail").iterator():
        change = detail.get("signing_certificate")
        if change and key_id not in seen and key_id.isdigit():
            seen.add(key_id)
            yield int(key_id), change[0]


class Migration(migrations.Migration):
    dependencies = [
        ("keys", "0006_state_of_a_key"),
        ("portal", "0001_initial"),
    ]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
