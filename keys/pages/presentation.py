"""How pages show names, states and use: in words, which colors only repeat."""

from __future__ import annotations

import re

from keys.models import KeyState
from portal.tones import Tone

_BARE_COMMA = re.compile(r"(?<!\\),")
STATE_TONES: dict[KeyState, Tone] = {
    **dict.fromkeys(KeyState, Tone.DANGER),
    KeyState.READY: Tone.OK,
    KeyState.NEARLY_USED_UP: Tone.WARNING,
    KeyState.DISABLED: Tone.OFF,
    KeyState.GROUP_DISABLED: Tone.OFF,
    KeyState.CERTIFICATE_DISABLED: Tone.OFF,
    KeyState.CERTIFICATE_PENDING: Tone.WARNING,
    KeyState.CERTIFICATE_NOT_YET_VALID: Tone.WARNING,
}
STATE_SENTENCES: dict[KeyState, str] = {
    KeyState.READY: "Edges can enroll.",
    KeyState.NEARLY_USED_UP: "Edges can enroll. Four fifths of the uses or more are taken.",
    KeyState.AT_LIMIT: "All uses are taken. Edges can enroll again when its limit is raised.",
    KeyState.DISABLED: "Refuses enrollment until it is enabled.",
    KeyState.EXPIRED: "Refuses enrollment until a later expiry is set.",
    KeyState.GROUP_DISABLED: "Refuses enrollment until its group is enabled.",
    KeyState.CERTIFICATE_DISABLED: "Refuses enrollment until its signing certificate is enabled, or replaced.",
    KeyState.CERTIFICATE_EXPIRED: (
        "Refuses enrollment: its signing certificate has expired or expires within a day. Choose another one."
    ),
    KeyState.CERTIFICATE_NOT_YET_VALID: "Refuses enrollment until its signing certificate is valid.",
    KeyState.CERTIFICATE_PENDING: "Refuses enrollment until its signing certificate is uploaded.",
    KeyState.CERTIFICATE_WITHOUT_PRIVATE_KEY: (
        "Refuses enrollment: the private key of its signing certificate is not here. Choose another one."
    ),
    KeyState.DIFFERENT_ROOT: (
        "Its text pins a different root from that of its signing certificate. Edges that check the pin are refused. "
        "Create a new key, or choose a certificate of the pinned root."
    ),
}


def attributes(rfc4514: str) -> list[str]:
    """A subject or issuer, one attribute an item, such as `CN=Root`."""
    return _BARE_COMMA.split(rfc4514) if rfc4514 else []


def colons(digits: str) -> str:
    """Hexadecimal digits of a serial or a fingerprint as people compare them: `3F:A0:…`."""
    whole = digits.zfill(len(digits) + len(digits) % 2)
    return ":".join(whole[at : at + 2] for at in range(0, len(whole), 2)).upper()
