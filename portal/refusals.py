"""Why an operation refuses: types with a stable code and an HTTP status, which every interface reads here. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple, Self


class Refused(Exception):
    """An operation was refused and changed nothing. The text explains the reason and what to do.

    `code` is stable and public, `status` is the HTTP status, and `title` names the refusal in a problem document.
    """

    code = "refused"
    status = 409
    title = "This cannot be done now"
    # Whether the audit log has it: what somebody mistyped is no event.
    is_event = True
    # The action, actor and subject of its event, once an operation has recorded it (`portal.attempts`).
    attempted: Any = None


class Fault(NamedTuple):
    """What is wrong with one field: its name, a stable code, and a sentence with what to enter."""

    field: str
    code: str
    sentence: str


class Invalid(Refused):
    """Fields have values that are not accepted; `faults` names every one of them."""

    code = "invalid"
    status = 422
    title = "Invalid values"
    is_event = False

    def __init__(self, field: str, sentence: str, code: str = "invalid") -> None:
        super().__init__(sentence)
        self.faults = [Fault(field, code, sentence)]

    @classmethod
    def of(cls, faults: Iterable[Fault]) -> Self:
        """One refusal with all of these faults; there is at least one."""
        listed = list(faults)
        refused = cls(*listed[0][::2])
        refused.args, refused.faults = (" ".join(fault.sentence for fault in listed),), listed
        return refused

    @property
    def field_name(self) -> str:
        """The field of the first fault."""
        return self.faults[0].field
