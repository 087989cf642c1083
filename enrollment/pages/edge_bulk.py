"""What is done with many edges at once. Each is one operation for each edge; revocation lists follow once for all."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from django.db.models import Exists, OuterRef, Q

from enrollment.models import IssuedCertificate
from enrollment.operations import delete_unpublished, publish_lists, revoke_unpublished, set_enabled
from enrollment.pages import revoke
from enrollment.pages.edge_access import CHANGE, DELETE
from enrollment.pages.revoke_form import LATE_LIST, RevokeForm
from portal.lists.bulk import BulkAction
from portal.numbers import numbered
from portal.templatetags.counts import counted


def _certificates(edges: Sequence[int]) -> str:
    count = IssuedCertificate.objects.live().filter(edge__in=edges).count()
    if not count:
        return numbered("{Its|Their} certificates are revoked already.", len(edges))
    rest = numbered("{is|are} revoked and refused wherever the revocation list is checked.", count)
    return f"{counted(count, 'certificate')} {rest}"


def _revoked() -> Q:
    certificates = IssuedCertificate.objects.filter(edge=OuterRef("pk"))
    return Q(Exists(certificates.revoked())) & ~Q(Exists(certificates.live()))


def _publish(revoked: Sequence[list[IssuedCertificate]]) -> list[str]:
    return [LATE_LIST.format(name) for name in publish_lists(chain.from_iterable(revoked))]


EDGE_ACTIONS = (
    BulkAction(
        word="enable",
        label="Enable",
        ask="Enable",
        done="Enabled",
        permission=CHANGE,
        run=lambda edge, _, actor: set_enabled(edge, True, actor=actor),
        already=("already enabled", lambda: Q(enabled=True)),
        consequences=("{The|Each} edge may renew and send heartbeats again, unless its certificates are revoked.",),
    ),
    BulkAction(
        word="disable",
        label="Disable",
        ask="Disable",
        done="Disabled",
        permission=CHANGE,
        run=lambda edge, _, actor: set_enabled(edge, False, actor=actor),
        already=("already disabled", lambda: Q(enabled=False)),
        consequences=(
            "The portal refuses {its|their} renewals and heartbeats until {it is|they are} enabled.",
            "{Its|Their} certificates stay valid until they expire.",
        ),
    ),
    BulkAction(
        word="revoke",
        label="Revoke",
        ask="Revoke",
        done="Revoked",
        permission=revoke.PERMISSION,
        run=lambda edge, reason, actor: revoke_unpublished(edge, reason=reason, actor=actor),
        already=("already revoked", _revoked),
        consequences=(
            "The {machine|machines} can't renew. To return, {it|each} needs a new key pair and another use of a key.",
            "The {count of its key stays|counts of their keys stay} the same: a use is never given back.",
            "This cannot be undone.",
        ),
        asks=RevokeForm.base_fields["reason"],
        effect=_certificates,
        typed=True,
        finish=_publish,
    ),
    BulkAction(
        word="delete",
        label="Delete",
        ask="Delete",
        done="Deleted",
        permission=DELETE,
        run=lambda edge, _, actor: delete_unpublished(edge, actor=actor),
        consequences=(
            "The {machine loses its|machines lose their} identity: renewals and heartbeats are refused.",
            "To enroll {the|a} machine again, wipe its directory and use a new key.",
            "The {count of its key stays|counts of their keys stay} the same: a use is never given back.",
            "This cannot be undone.",
        ),
        effect=_certificates,
        typed=True,
        finish=_publish,
    ),
)
