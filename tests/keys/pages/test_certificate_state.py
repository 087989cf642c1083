"""The state of a signing certificate: its word and the filter agree about every certificate there can be."""

from __future__ import annotations

from datetime import timedelta
from itertools import product

from django.utils import timezone

from keys.models import SigningCertificate
from keys.pages.certificate_state import CertificateState, condition, state_of
from portal import triggers
from tests.base import PortalTestCase
from tests.keys.base import generated, requested
from tests.support.html import texts

LIST = "/enrollment-certificates/"


class State(PortalTestCase):
    def test_word_and_filter_agree_in_every_combination(self):
        now, day = timezone.now(), timedelta(days=1)
        spans = {
            "ended": (-2 * day, -day),
            "now": (-day, day),
            "early": (day, 2 * day),
            "at its end": (-day, 0 * day),
            "from now": (0 * day, day),
        }
        known = generated("Own")
        requested("Pending")
        triggers.drop_all()
        rest = {"key_type": known.key_type, "subject": "", "common_name": "", "der": b""}
        for number, ((span, ends), enabled, sealed) in enumerate(product(spans.items(), (True, False), (True, False))):
            SigningCertificate.objects.create(
                name=f"{span} {enabled} {sealed}",
                sort_name=f"{span} {enabled} {sealed}",
                serial=str(number),
                fingerprint=str(number),
                issuer="CN=x",
                not_before=now + ends[0],
                not_after=now + ends[1],
                enabled=enabled,
                sealed_private_key=b"x" if sealed else None,
                sealed_with="1" if sealed else None,
                **rest,
            )
        seen = set()
        for each in SigningCertificate.objects.all():
            state = state_of(each, now)
            seen.add(state)
            for other in CertificateState:
                found = SigningCertificate.objects.filter(condition(other.parameter, now), pk=each.pk).exists()
                self.assertEqual(found, other is state, (each.name, other))
        self.assertEqual(seen, set(CertificateState))

    def test_the_row_the_page_and_the_filter_show_the_same_word(self):
        record = generated("Own")
        self.sign_in("ada")
        for fields, state in (({}, CertificateState.READY), ({"enabled": False}, CertificateState.DISABLED)):
            SigningCertificate.objects.filter(pk=record.pk).update(**fields)
            for address in (LIST, f"{LIST}?state={state.parameter}", record.get_absolute_url()):
                self.assertEqual(texts(self.client.get(address), ".state"), [state.word], address)
