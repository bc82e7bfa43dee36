"""Schedule points of a home without a schedule: 6, 9, 17 and 22 h local, 2 h at least (wire contract)."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.schedule_points import MIN_HOLD, hold_until, newest_point
from edge import etiquette

INSTANTS = st.integers(1_704_067_200, 1_798_761_600).map(lambda at_s: datetime.fromtimestamp(at_s, UTC))
"""2024 to 2026."""

ZONES = ("Europe/Berlin", "America/Los_Angeles", "Asia/Kolkata", "Pacific/Auckland", "Australia/Lord_Howe")


@pytest.mark.parametrize(
    ("timezone", "changed_at", "expected"),
    [
        ("Europe/Berlin", "2025-07-01T10:00Z", "2025-07-01T15:00Z"),  # noon: until 17:00
        ("Europe/Berlin", "2025-07-01T14:30Z", "2025-07-01T16:30Z"),  # 16:30: two hours
        ("Europe/Berlin", "2025-07-01T15:00Z", "2025-07-01T20:00Z"),  # 17:00 itself: until 22:00
        ("Europe/Berlin", "2025-07-01T20:30Z", "2025-07-02T04:00Z"),  # 22:30: until 06:00 tomorrow
        (
            "Europe/Berlin",
            "2025-10-25T21:00Z",
            "2025-10-26T05:00Z",
        ),  # 23:00 CEST, summer time ends: 06:00 CET
        (
            "America/Los_Angeles",
            "2025-07-02T03:00Z",
            "2025-07-02T05:00Z",
        ),  # 20:00 the day before: until 22:00
        ("Pacific/Auckland", "2025-07-01T13:00Z", "2025-07-01T18:00Z"),  # 01:00 the day after: until 06:00
        ("Asia/Kolkata", "2025-07-01T01:00Z", "2025-07-01T03:30Z"),  # 06:30: until 09:00
    ],
)
def test_a_change_stands_until(timezone: str, changed_at: str, expected: str) -> None:
    assert hold_until(datetime.fromisoformat(changed_at), timezone) == datetime.fromisoformat(expected)


MONDAY_8, FRIDAY_22 = 8 * 60, 4 * 1440 + 22 * 60


@pytest.mark.parametrize(
    ("changed_at", "expected"),
    [
        ("2025-07-01T10:00Z", "2025-07-04T20:00Z"),  # Tuesday: until Friday 22:00 in Berlin
        ("2025-07-04T20:00Z", "2025-07-07T06:00Z"),  # Friday 22:00 itself: until Monday 08:00
        ("2025-07-07T05:00Z", "2025-07-07T07:00Z"),  # Monday 07:00: two hours
        ("2025-10-25T21:00Z", "2025-10-27T07:00Z"),  # summer time ends in between: 08:00 CET
    ],
)
def test_a_home_with_a_week_has_the_points_of_its_week(changed_at: str, expected: str) -> None:
    until = hold_until(datetime.fromisoformat(changed_at), "Europe/Berlin", (FRIDAY_22, MONDAY_8))

    assert until == datetime.fromisoformat(expected)


@given(
    at=INSTANTS,
    timezone=st.sampled_from(ZONES),
    week=st.sets(st.integers(0, 10_079), max_size=6).map(tuple),
)
def test_cloud_and_gateway_hold_equally_long(at: datetime, timezone: str, week: tuple[int, ...]) -> None:
    until = hold_until(at, timezone, week)

    assert until == etiquette.hold_until(at, timezone, week)
    assert MIN_HOLD <= until - at <= timedelta(days=8)


@given(
    at=INSTANTS,
    timezone=st.sampled_from(ZONES),
    week=st.sets(st.integers(0, 10_079), min_size=1, max_size=6).map(tuple),
)
def test_between_two_entries_the_older_one_is_the_newest(
    at: datetime, timezone: str, week: tuple[int, ...]
) -> None:
    newest = newest_point(at, timezone, week)

    assert newest is not None
    point, minute = newest
    assert point <= at < point + timedelta(days=7, hours=2)  # a clock may have been set in between
    assert minute in week
    local = point.astimezone(ZoneInfo(timezone))
    wall_min = local.weekday() * 1440 + local.hour * 60 + local.minute
    assert wall_min == minute or 0 < (wall_min - minute) % 10_080 <= 60  # a time that does not exist that day
    following = hold_until(point, timezone, week)
    assert following >= at or following - point == MIN_HOLD
