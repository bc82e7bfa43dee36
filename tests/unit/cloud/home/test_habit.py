from collections.abc import Callable, Iterator

import pytest

from cloud.habit import Habit
from cloud.home_clock import HomeClock, Slot
from cloud.home_state import HomeState
from cloud.observer import Observer
from edge.contract import Telemetry

CLOCK = HomeClock("UTC")


def monday(of_day: int) -> Slot:
    return CLOCK.slot(1_780_272_000.0 + 1800 * of_day)


def saturday(of_day: int) -> Slot:
    return CLOCK.slot(1_780_272_000.0 + 5 * 86_400 + 1800 * of_day)


def test_believes_what_people_told_until_something_was_seen() -> None:
    habit = Habit(24.0)
    assert habit.setpoint_c(monday(20)) == 24.0

    habit.learn(monday(20), 25.5)
    assert habit.setpoint_c(monday(20)) == 25.5


def test_takes_the_other_kind_of_day_and_then_any_time_where_nothing_was_seen() -> None:
    habit = Habit(24.0)
    habit.learn(monday(20), 25.5)

    assert habit.setpoint_c(saturday(20)) == 25.5
    assert habit.setpoint_c(saturday(30)) == 25.5


def test_one_evening_with_guests_changes_nothing() -> None:
    habit = Habit(24.0)
    for _ in range(10):
        habit.learn(monday(40), 24.0)
    habit.learn(monday(40), 21.0)

    assert habit.setpoint_c(monday(40)) == 24.0


def test_follows_a_new_choice_only_after_several_repeats() -> None:
    habit = Habit(24.0)
    for _ in range(20):
        habit.learn(monday(40), 24.0)

    seen = []
    for _ in range(8):
        habit.learn(monday(40), 26.0)
        seen.append(habit.setpoint_c(monday(40)))

    assert seen[:3] == [24.0] * 3  # at least three repeats before a habit changes
    assert seen[-1] == 26.0


def test_keeps_weekdays_and_weekends_apart() -> None:
    habit = Habit(24.0)
    habit.learn(monday(20), 24.0)
    habit.learn(saturday(20), 22.5)

    assert habit.setpoint_c(monday(20)) == 24.0
    assert habit.setpoint_c(saturday(20)) == 22.5


def test_who_lets_advice_be_stands_by_the_habit() -> None:
    habit = Habit(24.0)
    for _ in range(10):
        habit.learn(monday(40), 24.0)
    for _ in range(12):  # every third day somebody wants it warmer
        habit.learn(monday(40), 26.0)
        habit.stand(monday(40))
        habit.stand(monday(40))

    assert habit.setpoint_c(monday(40)) == 24.0


def test_nothing_stands_where_nothing_was_seen() -> None:
    habit = Habit(24.0)
    habit.stand(monday(20))

    assert habit.setpoints_c[20] is None


@pytest.fixture
def live(make_reading: Callable[..., Telemetry]) -> Callable[[float, float, str], HomeState]:
    """Three weeks at 24 °C, then two of mornings at a setpoint, an indoor temperature and by an author."""

    def mornings(setpoint_c: float, indoor_c: float, author: str) -> HomeState:
        home = HomeState(Habit(24.0))
        observer = Observer(home, "UTC")
        for hour in half_hours(days=35):
            morning = hour >= 21 * 24 and 6 <= hour % 24 < 9
            if morning:
                changes = {"setpoint_c": setpoint_c, "indoor_dry_bulb_c": indoor_c, "changed_by": author}
                observer.observe(make_reading(hour, **changes))
            else:
                observer.observe(make_reading(hour))
        return home

    return mornings


def half_hours(days: int) -> Iterator[float]:
    return (0.5 * place for place in range(48 * days))


def test_who_is_cold_and_makes_it_warmer_than_it_gets_has_no_new_habit(
    live: Callable[[float, float, str], HomeState],
) -> None:
    assert live(27.0, 21.0, "remote").habit.setpoint_c(monday(15)) == 24.0


def test_who_makes_it_warmer_and_has_it_so_warm_has_a_new_habit(
    live: Callable[[float, float, str], HomeState],
) -> None:
    assert live(27.0, 26.8, "remote").habit.setpoint_c(monday(15)) == 27.0


def test_a_schedule_counts_however_warm_the_room_is(
    live: Callable[[float, float, str], HomeState],
) -> None:
    assert live(27.0, 21.0, "schedule").habit.setpoint_c(monday(15)) == 27.0
