"""What somebody answers in the wizard Add Private Service Edge, and a draft with all of it."""

from __future__ import annotations

from typing import Any

from portal import drafts
from tests.keys.pages.groups import DEFAULTS


def answers(certificate_id: int, name: str = "oslo", **changed: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """What each step is sent, for a key in a new group."""
    group = {"choice": "new", "name": f"{name} DC-1", "location": "Oslo, Norway", "description": "By the sea"}
    return {
        "choose-key": {"choice": "new"},
        "certificate": {"signing_certificate": str(certificate_id)},
        "group": {**DEFAULTS, **group},
        "key-details": {"name": name, "max_uses": "3", "viewable": "on", "enabled": "on"},
        **changed,
    }


def keep_draft(user_id: int, certificate_id: int) -> None:
    """A draft that lacks only the press of Create key."""
    for step, sent in answers(certificate_id).items():
        drafts.keep(user_id, step, {name: [value] for name, value in sent.items()}, done=True)
