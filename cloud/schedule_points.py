"""Schedule points: until when a person's change stands against the advisor.

The edge enforces the same rule (wire contract, "Schedule point"); the cloud keeps to it so that it does not
even ask.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

SCHEDULE_POINTS = (time(6), time(9), time(17), time(22))
"""Local times of a home without a weekly schedule."""

MIN_HOLD = timedelta(hours=2)
"""A change stands at least this long, however near the next schedule point is."""


DAY_MIN = 1440
"""Minutes of a day."""


def hold_until(changed_at: datetime, timezone: str, weekly_min: Sequence[int] = ()) -> datetime:
    """The end of the hold that begins with a change at `changed_at`.

    Args:
        changed_at: When a person changed something (UTC).
        timezone: IANA name of the home's time zone.
        weekly_min: The entries of the weekly schedule, local minutes from Monday 00:00; empty: there is none.

    Returns:
        The next schedule point after the change, and at least `MIN_HOLD` after it (UTC).
    """
    zone = ZoneInfo(timezone)
    today = changed_at.astimezone(zone).date()
    points = (
        datetime.combine(day, point, zone).astimezone(UTC)
        for day in (today + timedelta(days=ahead) for ahead in range(9))  # a week and the day around it
        for point in points_of(day, weekly_min)
    )
    return max(next(point for point in points if point > changed_at), changed_at + MIN_HOLD)


def newest_point(at: datetime, timezone: str, weekly_min: Sequence[int]) -> tuple[datetime, int] | None:
    """The newest entry of a weekly schedule that is not after `at`, and which one; None without any."""
    zone = ZoneInfo(timezone)
    today = at.astimezone(zone).date()
    points = (
        (datetime.combine(day, _time_of(minute), zone).astimezone(UTC), minute)
        for day in (today - timedelta(days=back) for back in range(8))
        for minute in sorted(weekly_min, reverse=True)
        if minute // DAY_MIN == day.weekday()
    )
    return next((point for point in points if point[0] <= at), None)


def points_of(day: date, weekly_min: Sequence[int]) -> Iterator[time]:
    """The local times of a day's schedule points, ascending."""
    if not weekly_min:
        yield from SCHEDULE_POINTS
    for minute in sorted(weekly_min):
        if minute // DAY_MIN == day.weekday():
            yield _time_of(minute)


def _time_of(minute: int) -> time:
    return time(minute % DAY_MIN // 60, minute % 60)
