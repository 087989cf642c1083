"""What depends on a signing certificate: keys, certificates below it, and what it issued to edges."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from keys import machines, trust_anchors
from keys.models import ProvisioningKey, SigningCertificate
from portal.lists.counting import capped_count, words

SHOWN = 10
_OTHER_ROOT = (
    "The key “{name}” now signs below a different root. Its text still pins the root it was created with. If that is "
    "not the new root, edges that check the pin refuse to enroll: create a new key for the same group."
)


@dataclass(frozen=True, slots=True)
class Use:
    """The first keys and certificates by age, how many there are, and what it issued. Counts stop at 10,001."""

    keys: list[ProvisioningKey]
    key_count: int
    children: list[SigningCertificate]
    child_count: int
    issued: int
    live: int

    def __bool__(self) -> bool:
        return bool(self.keys or self.children or self.issued)

    @property
    def sentence(self) -> str:
        """Who uses it, and what to do about it."""
        users = [f"{each.name} (key)" for each in self.keys]
        users += [f"{each.name} (certificate below it)" for each in self.children]
        if self.issued:
            users.append(f"{words(self.issued)} it issued to edges, {words(self.live)} of them in force")
        is_all = (len(self.keys), len(self.children)) == (self.key_count, self.child_count)
        more = "" if is_all else " and more"
        advice = "Disable it instead: what it issued must stay revocable." if self.issued else ""
        return f"Still in use by {', '.join(users)}{more}. {advice or 'Move or delete these first.'}"


def of(certificate: SigningCertificate) -> Use:
    """Everything that depends on one certificate."""
    # With the column of the relation, without which Django asks for it row by row.
    keys = certificate.keys.only("name", "signing_certificate")
    children = certificate.children.only("name", "parent")
    issued = machines.answers().issued().filter(issuer=certificate)
    in_force = machines.answers().in_force(timezone.now()).filter(issuer=certificate)
    return Use(
        keys=list(keys.order_by("pk")[:SHOWN]),
        key_count=capped_count(keys),
        children=list(children.order_by("pk")[:SHOWN]),
        child_count=capped_count(children),
        issued=capped_count(issued),
        live=capped_count(in_force),
    )


def edges_below(keys: QuerySet[ProvisioningKey], certificates: Collection[int]) -> int:
    """How many edges of these keys hold a certificate in force that one of these issued, as `capped_count` counts."""
    if not certificates:
        return 0
    issued = machines.answers().in_force(timezone.now()).filter(issuer__in=certificates)
    admitted = machines.answers().edges().filter(key_public_id__in=keys.order_by().values("public_id"))
    return capped_count(admitted.filter(Exists(issued.filter(edge=OuterRef("pk")))))


def keeping_their_root(count: int) -> str:
    """The effect on edges whose key now signs below a different root; empty for none."""
    if not count:
        return ""
    who, verb = (
        ("1 edge holds a certificate", "accepts no other: it renews")
        if count == 1
        else (f"{words(count)} edges hold certificates", "accept no other: they renew")
    )
    return (
        f"{who} below the old root and {verb} below it as long as one of its certificates can sign here. "
        "After that renewals are refused (issuer_unavailable): enroll again with a new key before."
    )


def after_another_root(key: ProvisioningKey) -> str:
    """The effect of a saved key that now signs below a different root."""
    _, foreign = trust_anchors.sharing(key.signing_certificate_id)
    edges = edges_below(ProvisioningKey.objects.filter(pk=key.pk), foreign)
    return f"{_OTHER_ROOT.format(name=key.name)} {keeping_their_root(edges)}".strip()
