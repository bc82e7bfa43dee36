from datetime import UTC, datetime

from cloud.home_clock import HomeClock


def epoch_s(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> float:
    return datetime(year, month, day, hour, minute, tzinfo=UTC).timestamp()


def test_counts_half_hours_by_the_wall_clock() -> None:
    slot = HomeClock("America/Phoenix").slot(epoch_s(2026, 6, 1, 5, 40))

    assert (slot.of_day, slot.weekend) == (45, True)  # Sunday 22:40 there, UTC-7
    assert slot.day == datetime(2026, 5, 31, tzinfo=UTC).toordinal()


def test_skips_the_hour_that_summer_time_skips() -> None:
    slots = HomeClock("Europe/Berlin").ahead(epoch_s(2026, 3, 29, 0, 0), 6)

    assert [slot.of_day for slot in slots] == [2, 3, 6, 7, 8, 9]  # 02:00 to 03:00 is not


def test_looks_ahead_as_it_looks_at_each_instant() -> None:
    clock = HomeClock("Asia/Kolkata")
    start_s = epoch_s(2026, 6, 5, 17, 10)

    assert clock.ahead(start_s, 4) == [clock.slot(start_s + 1800 * step) for step in range(4)]
