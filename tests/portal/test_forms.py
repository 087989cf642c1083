"""The field of a local time: input, stored value, and hours that clocks skip or repeat."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from portal.forms import LocalTimeField

BERLIN = ZoneInfo("Europe/Berlin")


def field(zone: str = "Europe/Berlin") -> LocalTimeField:
    made = LocalTimeField()
    made.zone = ZoneInfo(zone)
    return made


def test_f43_a_time_is_one_of_the_clocks_of_the_zone() -> None:
    assert field().clean("2030-12-31T23:59") == datetime(2030, 12, 31, 22, 59, tzinfo=UTC)
    assert field().clean("2030-07-01 12:00") == datetime(2030, 7, 1, 10, 0, tzinfo=UTC)
    assert field().clean("2030-07-01T12:00Z") == datetime(2030, 7, 1, 12, 0, tzinfo=UTC)


def test_a_skipped_time_is_refused_and_said_so() -> None:
    with pytest.raises(ValidationError) as refused:
        field().clean("2030-03-31T02:30")
    assert refused.value.messages == ["Clocks in Europe/Berlin skip 02:30 on that day. Enter another time."]


def test_a_time_that_comes_twice_is_the_first() -> None:
    assert field().clean("2030-10-27T02:30") == datetime(2030, 10, 27, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize("text", ["soon", "2030-02-30T00:00", "9999-12-31T23:59", "0001-01-01T00:00", "\0", "24:00"])
def test_rubbish_and_far_times_are_field_errors(text: str) -> None:
    for zone in ("Pacific/Pago_Pago", "Pacific/Kiritimati"):
        try:
            assert field(zone).clean(text).tzinfo is UTC
        except ValidationError as refused:
            assert refused.messages in (  # noqa: PT017
                ["Enter a date and a time, such as 2030-12-31T23:59."],
                ["Enter a time before the year 10000."],
            )


@given(
    st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1)),  # noqa: DTZ001
    st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "America/Santiago"]),
)
def test_what_is_shown_and_sent_again_is_the_same_minute(naive: datetime, zone: str) -> None:
    made, moment = field(zone), naive.replace(tzinfo=UTC)
    shown = made.prepare_value(moment)
    again = made.clean(made.widget.format_value(shown))
    assert made.prepare_value(again) == shown
    # Only where the clocks show the time twice may it be the other one, and then it is the first.
    assert again == moment.replace(second=0, microsecond=0) or timedelta() < moment - again <= timedelta(hours=2)
