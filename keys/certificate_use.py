"""What depends on a signing certificate: keys, certificates below it, and what it issued to edges."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from keys import machines, trust_anchors
from keys.errors import Invalid
from keys.models import ProvisioningKey, SigningCertificate
from portal.lists.counting import capped_count, words

SHOWN = 10


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
        "After that renewals are refused: enroll again with a new key before."
    )


def effect_of_root(keys: QuerySet[ProvisioningKey], new: SigningCertificate) -> str:
    """What it means for machines that these keys sign with `new`, whose root differs from that of their certificate."""
    apart = capped_count(keys.exclude(pin__in=["", new.trust_anchor_sha256]))
    _, foreign = trust_anchors.sharing(new.pk)
    return f"{_of_pins(apart, capped_count(keys))} {keeping_their_root(edges_below(keys, foreign))}".strip()


def _of_pins(apart: int, count: int) -> str:
    if not apart:
        return "The key texts pin this root, so edges that check the pin can enroll."
    whose, advice = ("The text of the key pins", "create a new key for the same group")
    if count > 1:
        some = words(apart) if apart == count else f"{words(apart)} of {words(count)}"
        whose = f"The texts of {some} keys pin"
        advice = "create new keys for the same groups"
    return f"{whose} a different root, so edges that check the pin are refused: {advice}."


def require_confirmed_root(
    keys: QuerySet[ProvisioningKey], old: SigningCertificate, new: SigningCertificate, confirmed: bool
) -> None:
    """Raise Invalid, with what happens, for a certificate of a different root that nobody has confirmed."""
    if new.trust_anchor_sha256 != old.trust_anchor_sha256 and confirmed is not True:
        sentence = f"“{new.name}” has a different root from “{old.name}”. {effect_of_root(keys, new)}"
        raise Invalid("different_root", sentence, "different_root")
