"""Schedule points of a home without a schedule: 6, 9, 17 and 22 h local, 2 h at least (wire contract)."""

from datetime import datetime

import pytest

from cloud.schedule_points import hold_until


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
