"""The signing certificates that the second step offers, and those that cannot sign, with the reason."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from keys.models import SigningCertificate
from keys.pages.certificate_state import CertificateState, state_of
from keys.pages.expiry_badge import expiry
from portal.times import stamp

# Up to here as radio buttons with details, above as a select.
MOST_RADIOS = 7
SHOWN = 10


def offered(form: Any, user: Any) -> dict[str, Any]:
    """The certificates of the form's field in detail while they are few, and some that cannot be chosen."""
    now, field = timezone.now(), form.fields["signing_certificate"]
    chosen = str(form["signing_certificate"].value() or "")
    able = field.queryset.select_related("parent").only("name", "not_after", "parent__name")
    few = list(able[: MOST_RADIOS + 1])
    radios = [
        {
            "certificate": each,
            "expires": stamp(each.not_after),
            "badge": expiry(each.not_after, now),
            "is_apart": each.pk in field.apart,
            "is_chosen": str(each.pk) == chosen,
        }
        for each in few
    ]
    # Those that are parents only were never meant to sign edges.
    others = SigningCertificate.objects.exclude(pk__in=field.queryset.order_by().values("pk")).order_by("sort_name")
    judged = [(each, state_of(each, now)) for each in others.defer("der", "sealed_private_key")[: SHOWN * 2]]
    unable = [(each, state) for each, state in judged if state is not CertificateState.PARENT]
    return {
        "radios": radios if len(few) <= MOST_RADIOS else [],
        "any_certificate": bool(few),
        "unable": unable[:SHOWN],
        "may_generate": user.has_perm("keys.add_signingcertificate"),
    }
