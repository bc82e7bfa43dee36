"""New York in 2023: the clock is put forward on 12 March at 02:00 EST, back on 5 November at 02:00 EDT."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from device_sim.recordings.wall_clock import WallClock


def wall(*parts: int) -> datetime:
    return datetime(*parts)  # type: ignore[arg-type]  # noqa: DTZ001 (a wall has no offset)


@pytest.fixture
def clock() -> WallClock:
    return WallClock(ZoneInfo("America/New_York"))


def test_summer_and_winter_time_have_their_own_offsets(clock: WallClock) -> None:
    assert clock.instant("a", wall(2023, 6, 9, 8)) == datetime(2023, 6, 9, 12, tzinfo=UTC)
    assert clock.instant("a", wall(2023, 1, 9, 8)) == datetime(2023, 1, 9, 13, tzinfo=UTC)


def test_a_zone_without_summer_time_is_the_same_all_year() -> None:
    assert WallClock(ZoneInfo("Etc/GMT+5")).instant("a", wall(2023, 6, 9, 8)) == datetime(
        2023, 6, 9, 13, tzinfo=UTC
    )


@pytest.mark.parametrize("minute", [0, 30, 59])
def test_a_skipped_stamp_names_no_instant(clock: WallClock, minute: int) -> None:
    assert clock.instant("a", wall(2023, 3, 12, 1, minute)) == datetime(2023, 3, 12, 6, minute, tzinfo=UTC)
    assert clock.instant("a", wall(2023, 3, 12, 2, minute)) is None
    assert clock.instant("a", wall(2023, 3, 12, 3, minute)) == datetime(2023, 3, 12, 7, minute, tzinfo=UTC)


def test_a_repeated_stamp_is_summer_time_first_and_winter_time_second(clock: WallClock) -> None:
    stamps = [wall(2023, 11, 5, 1, minute) for minute in (0, 30, 0, 30)]

    assert [clock.instant("a", stamp) for stamp in stamps] == [
        datetime(2023, 11, 5, 5, 0, tzinfo=UTC),
        datetime(2023, 11, 5, 5, 30, tzinfo=UTC),
        datetime(2023, 11, 5, 6, 0, tzinfo=UTC),
        datetime(2023, 11, 5, 6, 30, tzinfo=UTC),
    ]
    assert clock.instant("a", wall(2023, 11, 5, 2)) == datetime(2023, 11, 5, 7, tzinfo=UTC)


def test_each_device_passes_the_repeated_hour_by_itself(clock: WallClock) -> None:
    assert clock.instant("a", wall(2023, 11, 5, 1)) == clock.instant("b", wall(2023, 11, 5, 1))
