from cloud.habit import Habit
from cloud.home_clock import HomeClock, Slot

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
