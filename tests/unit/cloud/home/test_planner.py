from dataclasses import replace
from datetime import UTC, datetime

import pytest

from cloud.advice import Preferences
from cloud.comfort import SILENT_K, ComfortLimit
from cloud.habit import Habit
from cloud.home_clock import SLOTS_PER_DAY, HomeClock
from cloud.home_state import HomeState
from cloud.planner import COOL_AHEAD_K, FIRST_DEPTH_K, UNNOTICED_RATIO, Limits, Plan, Planner
from cloud.presence import Presence
from cloud.tolerance import SETTLE_DAYS

NOON_S = 1_780_272_000.0 + 12 * 3600
"""Noon of a Monday (UTC)."""

HOT_SLOTS = range(17, 45)
"""From 08:30 to 22:30."""


@pytest.fixture
def home() -> HomeState:
    """A home with habit 24 °C, known for ten days, that has borne 0.6 K and is at its setpoint inside.

    Its limit is known to be 2 K, and its temperature neither sags nor swings.
    """
    home = HomeState(Habit(24.0))
    home.sag.by_slot_k = [0.0] * SLOTS_PER_DAY
    home.sag.variance_k2 = [0.0] * SLOTS_PER_DAY
    home.tolerance.held_k = 0.6
    home.tolerance.comfort = certain(2.0)
    home.watch.first_s = NOON_S - 10 * 86_400
    home.watch.indoor_c, home.watch.indoor_s = 24.0, NOON_S
    return home


def certain(limit_k: float) -> ComfortLimit:
    """The belief that the limit is just there."""
    limits = len(ComfortLimit().log_weight) // 6
    return ComfortLimit([0.0 if place // 6 == round(10 * limit_k) else -500.0 for place in range(6 * limits)])


def planner(home: HomeState) -> Planner:
    return Planner(home, Limits(16.0, 30.0), 1800, NOON_S, HomeClock("UTC").ahead(NOON_S, 49))


def test_a_level_becomes_the_nearest_half_degree(home: HomeState) -> None:
    assert planner(home).occupied(30.0).setpoint_c == [24.5] * 49


def test_a_home_is_kept_warmer_only_if_it_may_stay_so_into_the_hot_hours(home: HomeState) -> None:
    home.sag.by_slot_k = [0.6 if place in HOT_SLOTS else 0.0 for place in range(SLOTS_PER_DAY)]

    plan = planner(home).occupied(30.0)

    # 0.6 K would be free in the night, but all of it is used up by the sag of the day
    assert plan.setpoint_c[:44] == [24.0] * 44


def test_a_home_is_kept_no_warmer_than_its_people_are_believed_to_like(home: HomeState) -> None:
    home.tolerance.held_k = 2.0
    home.tolerance.comfort = certain(1.0)

    assert planner(home).occupied(30.0).setpoint_c == [25.0] * 49


def test_a_home_goes_up_again_once_more_is_known_of_its_people(home: HomeState) -> None:
    home.tolerance.held_k = 2.0
    home.tolerance.comfort = certain(1.0)
    home.watch.author, home.watch.setpoint_c = "advice", 24.5

    assert planner(home).occupied(30.0).setpoint_c == [25.0] * 49


def test_a_habit_between_half_degrees_is_not_rounded_up_beyond_what_is_affordable(home: HomeState) -> None:
    home.tolerance.held_k = 2.0
    home.tolerance.comfort = certain(1.0)
    home.habit = Habit(23.8)

    assert planner(home).occupied(30.0).setpoint_c == [24.5] * 49  # 25.0 °C would be 1.2 K


def test_a_probe_may_go_beyond_what_is_affordable_to_the_nearest_half_degree(home: HomeState) -> None:
    home.tolerance.probe_k, home.tolerance.comfort = 1.6, certain(1.0)
    home.tolerance.first_advised_day = HomeClock("UTC").slot(NOON_S).day - SETTLE_DAYS
    setpoint_c = planner(home).occupied(30.0).setpoint_c

    assert setpoint_c[:12] == [24.5] * 12  # until 18:00
    assert setpoint_c[12:18] == [25.5] * 6


def test_a_home_whose_temperature_swings_is_kept_cooler(home: HomeState) -> None:
    home.tolerance.held_k = 2.0
    home.tolerance.comfort = certain(1.0)
    home.sag.variance_k2 = [0.4**2] * SLOTS_PER_DAY  # up to 0.7 K

    # 24.5 °C reach 1.2 K, 0.2 K beyond the limit, a sixth of the day: 0.8 K·h
    assert planner(home).occupied(30.0).setpoint_c == [24.0] * 49


@pytest.fixture
def strained(home: HomeState) -> HomeState:
    """The same with a machine that could not hold the habit yesterday from 15:00 on, at 38 °C."""
    today = HomeClock("UTC").slot(NOON_S)
    home.recovery.strained_day, home.recovery.strained_outdoor_c = today.day - 1, 38.0
    home.recovery.strained_slot, home.recovery.strained_from = today.number - 42, 30
    home.sag.by_slot_k = [2.2 if 30 <= place < 40 else 0.0 for place in range(SLOTS_PER_DAY)]
    return home


def test_before_heat_that_the_machine_cannot_bear_a_home_is_cooled_ahead(strained: HomeState) -> None:
    setpoint_c = planner(strained).occupied(40.0).setpoint_c

    assert setpoint_c[:6] == [24.0 - COOL_AHEAD_K] * 6  # until 15:00
    assert setpoint_c[6:38] == [24.0] * 32
    assert setpoint_c[38:] == [24.0 - COOL_AHEAD_K] * 11  # eight hours ahead of tomorrow's


def test_a_home_is_not_cooled_ahead_of_a_mild_day(strained: HomeState) -> None:
    assert min(planner(strained).occupied(30.0).setpoint_c) >= 24.0


def test_a_home_is_not_cooled_ahead_of_heat_that_its_people_do_not_mind(strained: HomeState) -> None:
    strained.tolerance.comfort = certain(2.5)

    assert planner(strained).occupied(40.0).setpoint_c == [24.0] * 49


def test_nobody_pays_for_a_cool_home_who_puts_savings_first_or_is_not_there(strained: HomeState) -> None:
    strained.preferences = Preferences(comfort_lambda=5.0)
    thrifty = planner(strained).occupied(40.0)
    strained.preferences = Preferences(share_presence=True)
    strained.presence = Presence(profile=[[0.9] * SLOTS_PER_DAY] * 2)
    away = planner(strained).occupied(40.0)

    assert thrifty.setpoint_c == away.setpoint_c == [24.0] * 49


def away_until_six(home: HomeState) -> Plan:
    home.preferences = replace(home.preferences, away_until=datetime.fromtimestamp(NOON_S + 6 * 3600, UTC))
    planned = planner(home)
    plan = planned.occupied(30.0)
    planned.set_back(plan, kwh_per_k_h=0.2)
    return plan


def test_an_empty_home_gets_warmer_until_it_has_to_recover(home: HomeState) -> None:
    plan = away_until_six(home)

    assert 0.0 < plan.set_back_k <= FIRST_DEPTH_K
    assert plan.recover_s is not None
    assert NOON_S < plan.recover_s < NOON_S + 6 * 3600


def test_a_set_back_goes_no_deeper_than_is_silently_borne(home: HomeState) -> None:
    home.tolerance.comfort = ComfortLimit()
    tolerant = away_until_six(home).set_back_k
    for _ in range(3):
        home.tolerance.comfort.override(1.2)
    found_k = 0.5  # 24.5 °C
    borne_k = max(home.tolerance.comfort.quantile_k(UNNOTICED_RATIO) - found_k, 0.0) + SILENT_K

    touchy = away_until_six(home).set_back_k

    assert touchy <= borne_k < tolerant
