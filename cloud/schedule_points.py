"""Schedule points: until when a person's change stands against the advisor.

The edge enforces the same rule (wire contract, "Schedule point"); the cloud keeps to it so that it does not
even ask.
"""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

SCHEDULE_POINTS = (time(6), time(9), time(17), time(22))
"""Local times of a home without a weekly schedule."""

MIN_HOLD = timedelta(hours=2)
"""A change stands at least this long, however near the next schedule point is."""


def hold_until(changed_at: datetime, timezone: str) -> datetime:
    """The end of the hold that begins with a change at `changed_at`.

    Args:
        changed_at: When a person changed something (UTC).
        timezone: IANA name of the home's time zone.

    Returns:
        The next schedule point after the change, and at least `MIN_HOLD` after it (UTC).
    """
    zone = ZoneInfo(timezone)
    today = changed_at.astimezone(zone).date()
    points = (
        datetime.combine(day, point, zone).astimezone(UTC)
        for day in (today, today + timedelta(days=1))
        for point in SCHEDULE_POINTS
    )
    return max(next(point for point in points if point > changed_at), changed_at + MIN_HOLD)
