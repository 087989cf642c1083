"""What no operation may store: for each field that people edit a list of bad values, with the code of the refusal."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from enrollment.models import ServiceEdge
from keys.models import ProvisioningKey, ServiceEdgeGroup, SigningCertificate

# The certificates of these names are made by the test.
CANNOT_SIGN = ("disabled", "expired", "pending", "keyless", "not yet")


class Bad(NamedTuple):
    """A value that no operation may store, the code it is refused with, and at which field where it is another."""

    value: Any
    code: str
    at: str = ""


NO_TEXT = [Bad(None, "required"), Bad(["x"], "invalid"), Bad({}, "invalid"), Bad(True, "invalid"), Bad(7, "invalid")]
UNSTORABLE = [Bad("a\0b", "characters"), Bad("a\ud800b", "characters")]
SIGNALING = Bad(Decimal("sNaN"), "invalid")
SWITCH = [Bad(None, "required"), Bad("yes", "invalid"), Bad([], "invalid"), Bad(2, "invalid"), SIGNALING]
CHOICE = [Bad("NOPE", "invalid_choice"), Bad("", "required"), *NO_TEXT]
NAME = [
    Bad("", "required"), Bad("   ", "required"), Bad("<script>alert(1)</script>", "name_characters"),
    Bad("a/b", "name_characters"), Bad("😀", "name_characters"), Bad("ﷺ" * 200, "max_length"), *UNSTORABLE, *NO_TEXT,
    Bad(b"x", "invalid"),
]  # fmt: skip
NO_NUMBER = [Bad("many", "invalid"), Bad([], "invalid"), Bad({}, "invalid"), Bad(True, "invalid"), SIGNALING]
ALONE = Bad(5, "group_has_both_coordinates_or_none", at="latitude")
DEGREES = [ALONE, Bad(1234, "max_whole_digits"), Bad(float("nan"), "invalid"), *NO_NUMBER]


def text(longest: int) -> list[Bad]:
    return [Bad("x" * (longest + 1), "max_length"), *UNSTORABLE, *NO_TEXT]


BAD: dict[type, dict[str, list[Bad]]] = {
    ProvisioningKey: {
        "name": [*NAME, Bad("x" * 256, "max_length")],
        "max_uses": [
            Bad(0, "min_value"), Bad(-1, "min_value"), Bad(10**12, "max_value"), Bad(10**30, "max_value"),
            Bad(1.5, "invalid"), Bad(None, "required"), *NO_NUMBER,
        ],
        "group": [Bad(None, "required"), Bad(10**9, "invalid_choice"), Bad([], "invalid"), Bad(True, "invalid")],
        "signing_certificate": [
            *(Bad(name, "invalid_choice") for name in CANNOT_SIGN),
            Bad(10**9, "invalid_choice"), Bad([], "invalid"), Bad(True, "invalid"), Bad(None, "required"),
        ],
        "viewable": SWITCH,
        "enabled": SWITCH,
        "expires_at": [
            Bad(datetime(2001, 1, 1, tzinfo=UTC), "past"), Bad(datetime(2050, 1, 1), "invalid"),  # noqa: DTZ001
            Bad(datetime.fromisoformat("9999-12-31T23:59-01:00"), "too_late"), Bad("soon", "invalid"),
            Bad("", "invalid"), Bad([], "invalid"), Bad({}, "invalid"), Bad(True, "invalid"),
        ],
        "allowed_networks": [
            Bad(["banana"], "networks"), Bad(["10.0.0.1/8"], "networks"), Bad(["fe80::%eth0/64"], "networks"),
            Bad([f"10.0.{number}.0/24" for number in range(101)], "networks"), Bad([7], "networks"),
            Bad("banana", "invalid"), Bad({}, "invalid"), Bad(None, "required"), Bad(True, "invalid"),
        ],
    },
    ServiceEdgeGroup: {
        "name": [*NAME, Bad("x" * 256, "max_length")],
        "description": text(1000),
        "enabled": SWITCH,
        "is_public": CHOICE,
        "trusted_networks": [
            Bad(["a\0"], "names"), Bad(["\ud800"], "names"), Bad([7], "names"), Bad({"a": 1}, "invalid"),
            Bad({}, "invalid"), Bad("x", "invalid"), Bad(None, "required"), Bad(True, "invalid"),
        ],
        "use_in_dr_mode": SWITCH,
        "private_cloud": text(255),
        "exclusive_for_business_continuity": SWITCH,
        "alternative_cloud": text(253),
        "override_version_profile": SWITCH,
        "version_profile": CHOICE,
        "upgrade_day": CHOICE,
        "upgrade_seconds": [
            Bad(1, "group_upgrades_at_a_quarter_hour"), Bad(86_400, "group_upgrades_at_a_quarter_hour"),
            Bad(-900, "min_value"), Bad(10**30, "max_value"), Bad(None, "required"), *NO_NUMBER,
        ],
        "location": text(255),
        "latitude": DEGREES,
        "longitude": DEGREES,
        "city": text(255),
        "country_code": [
            Bad("de", "group_country_is_two_letters"), Bad("D", "group_country_is_two_letters"), *text(2),
        ],
        "grace_distance_enabled": [*SWITCH, Bad(True, "group_override_has_a_distance", at="grace_distance")],
        "grace_distance": [
            Bad("25000.01", "group_distance_is_on_earth"), Bad(-1, "group_distance_is_on_earth"),
            Bad(10**9, "max_digits"), *NO_NUMBER,
        ],
        "grace_distance_unit": CHOICE,
    },
    SigningCertificate: {
        "name": [*NAME, Bad("x" * 256, "max_length")],
        "description": text(1000),
        "enabled": SWITCH,
        "client_type": CHOICE,
    },
    ServiceEdge: {"name": [*NAME, Bad("x" * 301, "max_length")], "description": text(1000), "enabled": SWITCH},
}  # fmt: skip
# Columns that nobody edits after the edge enrolled.
NOT_EDITED = {ServiceEdge: {"group"}}


def fields_of(model: type) -> set[str]:
    """The fields of a model that people edit."""
    editable = {field.name for field in model._meta.fields if field.editable and not field.primary_key}
    return editable - NOT_EDITED.get(model, set())
