from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from cloud.advice import Installation, Preferences, QuietHours
from cloud.advisor import HomeAdvisor
from cloud.dear_hours import DearHours
from cloud.habit import Habit
from cloud.home_clock import HomeClock, Slot
from cloud.home_state import Given, HomeState
from cloud.outcome import Models
from cloud.planner import Limits, Plan, Planner
from cloud.precooling import cool_before_dear_hours
from cloud.recovery import CHILLED_DAYS
from cloud.tariff import Tariff
from edge.contract import Telemetry
from tests.unit.cloud.home.conftest import MIDNIGHT

NOON_S = 1_780_272_000.0 + 12 * 3600
"""Noon of a Monday (UTC)."""

FOUR = 8
"""Place of 16:00 in a plan from noon on."""

QUIET = np.zeros(49, bool)


def slots(at_s: float = NOON_S) -> list[Slot]:
    return HomeClock("UTC").ahead(at_s, 49)


def dear(peak: float, at_s: float = NOON_S, load_kwh: float = 1.0, loss: float = 0.05) -> DearHours:
    """From 16:00 to 21:00 electricity costs `peak` times as much."""
    tariff = Tariff.of(Preferences(tariff_per_kwh=tuple(peak if 16 <= h < 21 else 1.0 for h in range(24))))
    relative = tariff.relative()
    assert relative is not None
    return DearHours.of(relative, at_s, slots(at_s), np.full(25, load_kwh), np.full(25, loss))


@pytest.fixture
def planner() -> Planner:
    """A home at 24 °C that cools and warms by 1 K in an hour, with three prices between day and evening."""
    home = HomeState(Habit(24.0))
    home.recovery.falls_k_h, home.recovery.rises_k_h = [1.0 / 0.85], [1.0]
    return Planner(home, Limits(16.0, 30.0), 1800, NOON_S, slots(), dear=dear(3.0))


def day(planner: Planner, setpoint_c: float = 24.0) -> Plan:
    path = [setpoint_c] * 49
    habit = [planner.home.habit.setpoint_c(slot) for slot in planner.slots]
    return Plan(habit, path, list(path), [1.0] * 49, [0.0] * 49, [0.0] * 49)


def cooled(planner: Planner, plan: Plan | None = None, quiet: np.ndarray = QUIET) -> Plan:
    plan = day(planner) if plan is None else plan
    cool_before_dear_hours(planner, plan, quiet)
    return plan


def test_a_home_is_cooled_just_before_dear_hours_and_let_go_in_them(planner: Planner) -> None:
    plan = cooled(planner)

    # 1 K takes an hour; each half-hour more would only be lost
    assert plan.setpoint_c == [24.0] * (FOUR - 2) + [23.0] * 2 + [24.0] * (49 - FOUR)
    assert plan.occupied_c == plan.setpoint_c
    assert plan.felt_k[FOUR - 1] == -1.0


def test_what_is_shifted_is_what_the_equation_says(planner: Planner) -> None:
    plan = cooled(planner)

    # 1 kWh/h over 1 K/h is 1 kWh for the kelvin, of which 0.05 / 2 is lost on the way back
    assert plan.shifted_kwh[FOUR - 2 : FOUR + 2] == pytest.approx([-0.5, -0.5, 0.975 / 2, 0.975 / 2])
    assert sum(plan.shifted_kwh) == pytest.approx(-0.025)


@pytest.mark.parametrize(
    ("peak", "load_kwh", "loss"), [(1.1, 1.0, 0.05), (3.0, 0.02, 0.05), (3.0, 1.0, 2.0), (0.5, 1.0, 0.05)]
)
def test_it_must_pay_after_losses(planner: Planner, peak: float, load_kwh: float, loss: float) -> None:
    plan = cooled(replace(planner, dear=dear(peak, load_kwh=load_kwh, loss=loss)))

    assert plan.setpoint_c[:FOUR] == [24.0] * FOUR


def test_nothing_is_cooled_ahead_at_one_price(planner: Planner) -> None:
    assert cooled(replace(planner, dear=None)).setpoint_c == [24.0] * 49


def test_a_slow_home_is_cooled_less_far_and_longer_ahead(planner: Planner) -> None:
    planner.home.recovery.falls_k_h = [0.3]  # 1 K would take four hours

    plan = cooled(planner)

    assert plan.setpoint_c[: FOUR + 1] == [24.0] * (FOUR - 4) + [23.5] * 4 + [24.0]


def test_nobody_is_made_cold_again(planner: Planner) -> None:
    today = planner.slots[0].day
    planner.home.recovery.chilled_day = today - CHILLED_DAYS + 1
    assert min(cooled(planner).setpoint_c) == 24.0
    # but a home that is kept warm may be cooled down to its habit
    assert min(cooled(planner, day(planner, 24.5)).setpoint_c) == 24.0

    planner.home.recovery.chilled_day = today - CHILLED_DAYS
    assert min(cooled(planner).setpoint_c) == 23.0


def test_never_below_what_people_allow(planner: Planner) -> None:
    assert min(cooled(replace(planner, limits=Limits(23.5, 30.0))).setpoint_c) == 23.5


def test_never_with_a_beep_in_quiet_hours(planner: Planner) -> None:
    quiet = QUIET.copy()
    quiet[FOUR - 1] = True

    assert cooled(planner, quiet=quiet).setpoint_c == [24.0] * 49


def test_not_for_an_empty_home(planner: Planner) -> None:
    away = day(planner)
    away.away = [0.9 if place >= FOUR else 0.0 for place in range(49)]
    set_back = day(planner)
    set_back.setpoint_c[FOUR] = 26.0
    gone = replace(day(planner), back_s=NOON_S + 9 * 3600)

    for plan in (away, set_back, gone, replace(day(planner), strained=True)):
        expected = list(plan.setpoint_c)
        assert cooled(planner, plan).setpoint_c == expected


def test_what_was_begun_is_gone_through_with(planner: Planner) -> None:
    at_s = NOON_S + 3.5 * 3600
    late = replace(planner, at_s=at_s, slots=slots(at_s), dear=dear(3.0, at_s))
    assert cooled(late).setpoint_c[0] == 23.5  # half an hour is left: time for half a kelvin

    late.home.given, late.home.watch.author = Given(at_s - 1800, at_s, 23.0), "advice"

    plan = cooled(late)
    assert plan.setpoint_c[:2] == [23.0, 24.0]
    assert plan.dear_s == NOON_S + 4 * 3600


EVENING = tuple(0.60 if 16 <= hour < 21 else 0.20 for hour in range(24))


@pytest.fixture
def advisor(
    models: Models, installation: Installation, make_reading: Callable[..., Telemetry]
) -> HomeAdvisor:
    """Four days at the habit of 24 °C, until 15:00 of the fifth; it warms up by 1 K an hour."""
    advisor = HomeAdvisor(models, installation)
    for half_hour in range(1, 4 * 48 + 31):
        advisor.observe(make_reading(half_hour / 2, interval_s=1800.0))
    advisor._home.recovery.falls_k_h, advisor._home.recovery.rises_k_h = [2.0], [1.0]
    advisor._home.tolerance.comfort.override(0.3)  # nothing above the habit is affordable
    return advisor


FIFTH_DAY = MIDNIGHT + timedelta(days=4)


def test_says_that_electricity_gets_dearer_and_what_that_saves(advisor: HomeAdvisor) -> None:
    advisor.configure(Preferences(tariff_per_kwh=EVENING, currency="USD"))

    advice = advisor.advise(FIFTH_DAY + timedelta(hours=15.5))

    usual_c = advice.plan[1].setpoint_c
    assert usual_c is not None
    assert advice.setpoint_c is not None
    assert advice.setpoint_c < usual_c
    assert advice.valid_until == FIFTH_DAY + timedelta(hours=16)
    assert advice.reason == (
        f"Electricity is dearer from 16:00 on: {advice.setpoint_c:.1f} °C until then cools the home ahead "
        f"and saves about {advice.expected_saving_money:.2f} USD over the coming day."
    )
    assert advice.expected_saving_money > 0.20 * max(advice.expected_saving_kwh, 0.0)


def test_says_nothing_of_prices_when_it_must_not_beep(advisor: HomeAdvisor) -> None:
    for quiet in (QuietHours(15.0, 15.75), QuietHours(15.75, 16.25)):
        advisor.configure(Preferences(tariff_per_kwh=EVENING, quiet_hours=quiet))
        assert "dearer" not in advisor.advise(FIFTH_DAY + timedelta(hours=15.5)).reason


def test_at_one_price_the_same_home_keeps_its_setting(advisor: HomeAdvisor) -> None:
    advisor.advise(FIFTH_DAY + timedelta(hours=15.0))  # the first is told without an interval
    advisor.configure(Preferences(tariff_per_kwh=(0.3,)))
    flat = advisor.advise(FIFTH_DAY + timedelta(hours=15.5))
    advisor.configure(Preferences(tariff_per_kwh=(0.9,) * 24))
    high = advisor.advise(FIFTH_DAY + timedelta(hours=15.5))

    assert flat.plan == high.plan
    assert "dearer" not in flat.reason
    assert high.expected_saving_money == pytest.approx(3 * flat.expected_saving_money)
    assert high.saving_interval_money == pytest.approx([3 * end for end in flat.saving_interval_money])
