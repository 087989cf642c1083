"""What is done with many edges at once. Each is one operation for each edge; revocation lists follow once for all."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from enrollment.models import IssuedCertificate
from enrollment.operations import delete_unpublished, publish_lists, revoke_unpublished, set_enabled
from enrollment.pages import revoke
from enrollment.pages.edge_access import CHANGE, DELETE
from enrollment.pages.revoke_form import LATE_LIST, RevokeForm
from portal.lists.bulk import BulkAction
from portal.templatetags.counts import counted


def _certificates(edges: Sequence[int]) -> str:
    count = IssuedCertificate.objects.live().filter(edge__in=edges).count()
    if not count:
        return "Their certificates are revoked already."
    verb = "is" if count == 1 else "are"
    return f"{counted(count, 'certificate')} {verb} revoked and refused wherever the revocation list is checked."


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
        consequences=("Each edge may renew and send heartbeats again, unless its certificates are revoked.",),
    ),
    BulkAction(
        word="disable",
        label="Disable",
        ask="Disable",
        done="Disabled",
        permission=CHANGE,
        run=lambda edge, _, actor: set_enabled(edge, False, actor=actor),
        consequences=(
            "The portal refuses their renewals and heartbeats until they are enabled.",
            "Their certificates stay valid until they expire.",
        ),
    ),
    BulkAction(
        word="revoke",
        label="Revoke",
        ask="Revoke",
        done="Revoked",
        permission=revoke.PERMISSION,
        run=lambda edge, reason, actor: revoke_unpublished(edge, reason=reason, actor=actor),
        consequences=(
            "The machines can't renew. To come back, each needs a new key pair and another use of a provisioning key.",
            "The counts of their keys stay the same: a use is never given back.",
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
            "The machines lose their identity: they can't renew, and the portal refuses their heartbeats.",
            "To enroll a machine again, wipe its directory and use a new key.",
            "The counts of their keys stay the same: a use is never given back.",
            "This cannot be undone.",
        ),
        effect=_certificates,
        typed=True,
        finish=_publish,
    ),
)
