"""Across modules: one cause has one color in the states of keys, certificates and edges."""

from __future__ import annotations

from django.test import SimpleTestCase

from enrollment.pages.edge_state import connection
from keys.models import KeyState
from keys.pages.certificate_state import CertificateState
from keys.pages.presentation import STATE_TONES
from portal.tones import Tone

CAUSES = {
    "somebody switched it off": (
        Tone.OFF,
        (KeyState.DISABLED, KeyState.GROUP_DISABLED, KeyState.CERTIFICATE_DISABLED, CertificateState.DISABLED),
    ),
    "nothing happened yet": (Tone.OFF, (connection(None, None),)),
    "it ended or lacks something": (
        Tone.DANGER,
        (
            KeyState.AT_LIMIT, KeyState.EXPIRED, KeyState.CERTIFICATE_EXPIRED, CertificateState.EXPIRED,
            KeyState.CERTIFICATE_WITHOUT_PRIVATE_KEY, KeyState.DIFFERENT_ROOT,
        ),
    ),
    "it soon does not work, or waits": (
        Tone.WARNING,
        (
            KeyState.NEARLY_USED_UP, KeyState.CERTIFICATE_PENDING, CertificateState.PENDING,
            KeyState.CERTIFICATE_NOT_YET_VALID, CertificateState.EARLY,
        ),
    ),
    "it works": (Tone.OK, (KeyState.READY, CertificateState.READY)),
    "it was made only as a parent": (Tone.OFF, (CertificateState.PARENT,)),
}  # fmt: skip


class Tones(SimpleTestCase):
    def test_each_cause_has_one_tone_for_every_record(self) -> None:
        for cause, (tone, states) in CAUSES.items():
            for state in states:
                with self.subTest(cause, state=state):
                    self.assertEqual(STATE_TONES[state] if isinstance(state, KeyState) else state.tone, tone)

    def test_every_state_of_keys_and_certificates_has_a_cause(self) -> None:
        listed = {state for _, states in CAUSES.values() for state in states}
        self.assertLessEqual({*KeyState, *CertificateState}, listed)
