from datetime import UTC, datetime

import numpy as np
import pytest

from device_sim.local_time import LocalTime
from device_sim.people.calendar import weekday_of

STEP_S = 300


def test_wall_clock_and_weekday_are_local() -> None:
    clock = LocalTime(datetime(2025, 7, 1, 4, 30, tzinfo=UTC), 1, STEP_S, "America/Phoenix")  # UTC-7

    assert clock.time_of_day_s[0] == 21.5 * 3600
    assert weekday_of(int(clock.day[0])) == 0  # 30 June 2025 was a Monday
    assert clock.day[0] == datetime(2025, 6, 30, tzinfo=UTC).toordinal()


@pytest.mark.parametrize(
    ("local", "next_local"), [((5, 55), (6, 0)), ((6, 0), (9, 0)), ((16, 59), (17, 0)), ((22, 0), (30, 0))]
)
def test_next_schedule_point_is_strictly_later(local: tuple[int, int], next_local: tuple[int, int]) -> None:
    midnight = datetime(2025, 7, 1, 7, tzinfo=UTC)  # midnight in Phoenix
    start = midnight.timestamp() + local[0] * 3600 + local[1] * 60

    clock = LocalTime(datetime.fromtimestamp(start, UTC), 1, STEP_S, "America/Phoenix")

    assert clock.next_point_s[0] == midnight.timestamp() + next_local[0] * 3600 + next_local[1] * 60


def test_night_lasts_eight_hours_and_is_remembered_for_two() -> None:
    clock = LocalTime(datetime(2025, 7, 1, 7, tzinfo=UTC), 288, STEP_S, "America/Phoenix")

    assert clock.night.sum() == 8 * 12
    assert not clock.night[6 * 12]
    assert clock.night_lately[6 * 12]
    assert not clock.night_lately[8 * 12]
    assert np.array_equal(clock.night_lately[24:], clock.night[:-24])


def test_schedule_points_follow_daylight_saving() -> None:
    # in Berlin on 30 March 2025 the clock goes from 02:00 to 03:00: 06:00 is 04:00 UTC, the day before 05:00
    clock = LocalTime(datetime(2025, 3, 29, 23, tzinfo=UTC), 12 * 24, STEP_S, "Europe/Berlin")

    assert clock.next_point_s[0] == datetime(2025, 3, 30, 4, tzinfo=UTC).timestamp()
    assert clock.time_of_day_s[24] == 3 * 3600  # 01:00 UTC
