"""What the operations of the pages are sent, and the messages that follow. Of a kind, each follows the one before."""

from __future__ import annotations

from typing import Any, NamedTuple

from enrollment.models import IssuedCertificate, ServiceEdge
from keys.models import ProvisioningKey, ServiceEdgeGroup, SigningCertificate
from portal.times import stamp
from tests.keys.pages.groups import DEFAULTS


class Case(NamedTuple):
    """What is sent to an address, and what the message has: its words, and the addresses of its links."""

    args: tuple[int | str, ...]
    data: dict[str, Any]
    text: str
    links: list[str]


Cases = dict[str, list[Case]]


def of_a_key(key: ProvisioningKey) -> Cases:
    """A key with uses left, which is then called Renamed."""
    saved = {"viewable": "on", "enabled": "on", "signing_certificate": key.signing_certificate_id}
    key_page = key.get_absolute_url()
    reveal = f"{key_page}reveal/"
    return {
        "keys:key-edit": [
            Case(
                (key.pk,),
                {**saved, "name": key.name, "max_uses": key.max_uses + 1, "version": 1},
                f"Limit of “{key.name}” raised to {key.max_uses + 1} · Copy key",
                [key_page, reveal],
            ),
            Case(
                (key.pk,),
                {**saved, "name": "Renamed", "max_uses": key.max_uses + 1, "version": 2},
                "Saved key “Renamed”.",
                [key_page],
            ),
        ],
        "keys:key-limit": [
            Case(
                (key.pk,),
                {"max_uses": key.max_uses + 7},
                f"Limit of “Renamed” raised to {key.max_uses + 7} · Copy key",
                [key_page, reveal],
            )
        ],
    }


def of_lists(key: ProvisioningKey, spent: ServiceEdge) -> Cases:
    """Many rows at once, and a saved view."""
    key_page = key.get_absolute_url()
    return {
        "list-bulk": [
            Case(
                ("keys",),
                {"do": "enable", "row": key.pk},
                "1 key was already enabled: “Renamed”.",
                [key_page],
            ),
            Case(
                ("edges",),
                {"do": "enable", "row": spent.pk},
                f"1 edge was already enabled: “{spent.name}”.",
                [spent.get_absolute_url()],
            ),
        ],
        "list-views": [
            Case(
                ("keys",),
                {"name": "Daily"},
                "Saved view “Daily” · Manage views",
                ["/lists/keys/views/"],
            )
        ],
    }


def of_edges(one: ServiceEdge, two: ServiceEdge, spent: ServiceEdge, disable: str) -> Cases:
    """Edges of a key whose form to disable it is at `disable`."""
    certificate = IssuedCertificate.objects.get(edge=two)
    return {
        "enrollment:certificate-revoke": [
            Case(
                (two.pk, certificate.pk),
                {"reason": "superseded", "confirm_name": two.name},
                f"Revoked certificate {certificate.serial} of edge “{two.name}” · Disable its key too",
                [two.get_absolute_url(), disable],
            )
        ],
        "enrollment:edge-revoke": [
            Case(
                (one.pk,),
                {"reason": "superseded", "confirm_name": one.name},
                f"Revoked edge “{one.name}” with 1 certificate · Disable its key too",
                [one.get_absolute_url(), disable],
            )
        ],
        "enrollment:edge-edit": [
            Case(
                (spent.pk,),
                {"name": "Frankfurt", "enabled": "on", "version": 1},
                "Saved edge “Frankfurt”.",
                [spent.get_absolute_url()],
            )
        ],
        "enrollment:edge-disable": [
            Case(
                (spent.pk,),
                {},
                "Disabled edge “Frankfurt”: its renewals and heartbeats are refused, and its certificate stays "
                f"valid until {stamp(spent.certificate_until).day} · Enable it again",
                [spent.get_absolute_url(), f"{spent.get_absolute_url()}enable/"],
            )
        ],
        "enrollment:edge-enable": [
            Case(
                (spent.pk,),
                {},
                "Enabled edge “Frankfurt”: it may renew and send heartbeats again.",
                [spent.get_absolute_url()],
            )
        ],
        "enrollment:edge-delete": [
            Case(
                (spent.pk,),
                {"confirm_name": "Frankfurt"},
                "Deleted edge “Frankfurt” and revoked 1 certificate.",
                [spent.get_absolute_url()],
            )
        ],
    }


def of_a_used_key(other: ProvisioningKey) -> Cases:
    """A key with an edge."""
    return {
        "enrollment:key-revoke": [
            Case(
                (other.pk,),
                {"reason": "superseded", "confirm_name": other.name},
                "Revoked 1 edge of key “Other” with 1 certificate · Disable the key too",
                [other.get_absolute_url(), f"{other.get_absolute_url()}edit/#id_enabled"],
            )
        ],
        "keys:key-delete": [Case((other.pk,), {"confirm_name": "Other"}, "Deleted key “Other”.", [])],
    }


def of_groups(key: ProvisioningKey, spare: ServiceEdgeGroup) -> Cases:
    """The group of a key, and one without keys."""
    return {
        "keys:group-edit": [
            Case(
                (key.group_id,),
                {**DEFAULTS, "name": "Renamed", "version": 1},
                "Saved group “Renamed”.",
                [key.group.get_absolute_url()],
            ),
            Case(
                (key.group_id,),
                {**DEFAULTS, "name": "Renamed", "enabled": "", "version": 2},
                "Saved group “Renamed” · See its blocked keys",
                [key.group.get_absolute_url(), f"/service-edge-keys/?group={key.group_id}"],
            ),
        ],
        "keys:group-delete": [Case((spare.pk,), {"confirm_name": "Spare"}, "Deleted group “Spare”.", [])],
    }


def of_certificates(own: SigningCertificate, moved: SigningCertificate, unused: SigningCertificate) -> Cases:
    """A certificate with one key, which is moved to another; and one without keys."""
    certificates = {"client_type": "NONE", "key_type": "EC P-256", "days": "365"}
    by_own = f"/service-edge-keys/?cert={moved.pk}"
    return {
        "keys:certificate-edit": [
            Case(
                (own.pk,),
                {**certificates, "name": "Own CA 2", "enabled": "on", "version": 1},
                "Saved certificate “Own CA 2”.",
                [own.get_absolute_url()],
            ),
            Case(
                (own.pk,),
                {**certificates, "name": "Own CA 2", "version": 2},
                "Saved certificate “Own CA 2” · Replace it on its keys",
                [own.get_absolute_url(), f"{own.get_absolute_url()}replace/"],
            ),
        ],
        "keys:certificate-replace": [
            Case(
                (own.pk,),
                {"certificate": moved.pk, "confirmed": 1, "different_root": "on"},
                "Moved 1 key from certificate “Own CA 2” to “Moved to” · See its keys",
                [own.get_absolute_url(), moved.get_absolute_url(), by_own],
            )
        ],
        "keys:certificate-delete": [
            Case((unused.pk,), {"confirm_name": "Unused"}, "Deleted certificate “Unused”.", [])
        ],
    }
