from datetime import datetime

import pytest

from edge.etiquette import hold_until


@pytest.mark.parametrize(
    ("changed_at", "timezone", "until"),
    [
        # the next of 06:00, 09:00, 17:00, 22:00 local (DESIGN, wire contract)
        ("2026-07-01T10:00:00Z", "UTC", "2026-07-01T17:00:00Z"),
        ("2026-07-01T23:00:00Z", "UTC", "2026-07-02T06:00:00Z"),
        ("2026-07-01T09:00:00Z", "UTC", "2026-07-01T17:00:00Z"),  # at a point: the next one
        # never less than 2 h
        ("2026-07-01T05:30:00Z", "UTC", "2026-07-01T07:30:00Z"),
        ("2026-07-01T15:00:01Z", "UTC", "2026-07-01T17:00:01Z"),
        # Phoenix has no summer time: 10:00Z is 03:00 local, 06:00 local is 13:00Z
        ("2026-07-01T10:00:00Z", "America/Phoenix", "2026-07-01T13:00:00Z"),
        # Berlin, night of 28 to 29 March 2026: 06:00 local is 05:00Z before the change, 04:00Z after it
        ("2026-03-28T00:00:00Z", "Europe/Berlin", "2026-03-28T05:00:00Z"),
        ("2026-03-29T00:00:00Z", "Europe/Berlin", "2026-03-29T04:00:00Z"),
        # Kolkata, +05:30: 22:00 local is 16:30Z
        ("2026-07-01T12:00:00Z", "Asia/Kolkata", "2026-07-01T16:30:00Z"),
    ],
)
def test_a_persons_change_stands_until_the_next_schedule_point(
    changed_at: str, timezone: str, until: str
) -> None:
    at = hold_until(datetime.fromisoformat(changed_at), timezone)

    assert at == datetime.fromisoformat(until)
