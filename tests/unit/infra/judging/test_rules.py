from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from cloud.habit import Habit
from cloud.home_clock import HomeClock
from device_sim.fleet import Fleet, FleetSpec
from device_sim.wire.readings import StepReadings
from edge.contract import Desired
from infra.local.judging.rules import EnergyStar, Habits, MotionSetBack, Offset, Programmed

MONDAY = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.fixture
def habits() -> Habits:
    return Habits({"ac-1": Habit(24.0)}, HomeClock("UTC"))


@pytest.fixture(scope="module")
def readings() -> StepReadings:
    return Fleet(FleetSpec(homes=1, seed=1, start=MONDAY, split="validate"), 1).step()


def at(readings: StepReadings, when: datetime, *, motion: bool) -> StepReadings:
    return replace(readings, device_ids=("ac-1",), sampled_at=when, motion=np.array([motion]))


def setpoints_c(commands: Iterable[tuple[str, Desired]]) -> list[float | None]:
    return [desired.setpoint_c for _, desired in commands]


def test_an_offset_is_the_same_at_all_hours(habits: Habits) -> None:
    rule = Offset(habits, 2.0)

    assert [setpoints_c(rule.decide(MONDAY + timedelta(hours=h))) for h in range(24)] == 24 * [[26.0]]


@pytest.mark.parametrize(
    ("day", "hour", "setpoint_c"),
    [(0, 7.5, 24.0), (0, 8.0, 28.0), (4, 16.5, 28.0), (4, 17.0, 24.0), (5, 12.0, 24.0), (6, 12.0, 24.0)],
)
def test_the_program_sets_back_in_the_working_day(
    habits: Habits, day: int, hour: float, setpoint_c: float
) -> None:
    commands = Programmed(habits).decide(MONDAY + timedelta(days=day, hours=hour))

    assert setpoints_c(commands) == [setpoint_c]


@pytest.mark.parametrize(
    ("hour", "setpoint_c"),
    [(5.5, 27.78), (6.0, 25.56), (8.0, 29.44), (17.5, 29.44), (18.0, 25.56), (22.0, 27.78)],
)  # 82, 78, 85, 85, 78, 82 °F
def test_energy_star_goes_by_the_clock(habits: Habits, hour: float, setpoint_c: float) -> None:
    assert setpoints_c(EnergyStar(habits).decide(MONDAY + timedelta(hours=hour))) == [setpoint_c]


def test_motion_sets_back_after_45_minutes_and_returns_at_once(
    habits: Habits, readings: StepReadings
) -> None:
    rule, nine = MotionSetBack(habits), MONDAY + timedelta(hours=9)
    rule.observe(at(readings, nine, motion=True))

    soon = setpoints_c(rule.decide(nine + timedelta(minutes=30)))
    late = setpoints_c(rule.decide(nine + timedelta(minutes=60)))
    rule.observe(at(readings, nine + timedelta(minutes=65), motion=False))
    nobody = setpoints_c(rule.react(nine + timedelta(minutes=65)))
    rule.observe(at(readings, nine + timedelta(minutes=70), motion=True))
    back = setpoints_c(rule.react(nine + timedelta(minutes=70)))

    assert (soon, late, nobody, back) == ([24.0], [28.0], [], [24.0])


def test_motion_lets_people_sleep(habits: Habits, readings: StepReadings) -> None:
    rule, eight = MotionSetBack(habits), MONDAY + timedelta(hours=20)
    rule.observe(at(readings, eight, motion=True))

    by_hour = [setpoints_c(rule.decide(eight + timedelta(hours=h)))[0] for h in range(12)]

    assert by_hour == [24.0, 28.0, *(8 * [24.0]), 28.0, 28.0]  # away at 21; night is 22 to 6


def test_the_habit_is_what_is_in_force_at_the_end_of_a_half_hour(
    habits: Habits, readings: StepReadings
) -> None:
    seen = at(replace(readings, setpoint_c=np.array([22.5])), MONDAY + timedelta(hours=9), motion=False)
    habits.learn(seen)
    habits.learn(replace(seen, sampled_at=MONDAY + timedelta(hours=9.25), setpoint_c=np.array([30.0])))
    off = replace(seen, cooling=np.array([False]), setpoint_c=np.array([np.nan]))
    habits.learn(replace(off, sampled_at=MONDAY + timedelta(hours=10)))

    slots = [habits.clock.slot(MONDAY.timestamp() + hour * 3600) for hour in (8.5, 9.0)]
    assert [habits.by_device["ac-1"].setpoint_c(slot) for slot in slots] == [22.5, 22.5]
