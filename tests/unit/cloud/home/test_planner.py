from dataclasses import replace
from datetime import UTC, datetime

import pytest

from cloud.comfort import SILENT_K
from cloud.habit import Habit
from cloud.home_clock import SLOTS_PER_DAY, HomeClock
from cloud.home_state import HomeState
from cloud.planner import FIRST_DEPTH_K, UNNOTICED_RATIO, Limits, Plan, Planner

NOON_S = 1_780_272_000.0 + 12 * 3600
"""Noon of a Monday (UTC)."""

HOT_SLOTS = range(17, 45)
"""From 08:30 to 22:30."""


@pytest.fixture
def home() -> HomeState:
    """A home with habit 24 °C, known for ten days, that lives with 0.6 K and is at its setpoint inside."""
    home = HomeState(Habit(24.0))
    home.sag.by_slot_k = [0.0] * SLOTS_PER_DAY
    home.tolerance.lived_k = 0.6
    home.watch.first_s = NOON_S - 10 * 86_400
    home.watch.indoor_c, home.watch.indoor_s = 24.0, NOON_S
    return home


def planner(home: HomeState) -> Planner:
    return Planner(home, Limits(16.0, 30.0), 1800, NOON_S, HomeClock("UTC").ahead(NOON_S, 49))


def test_a_level_becomes_the_nearest_half_degree(home: HomeState) -> None:
    assert planner(home).occupied(30.0).setpoint_c == [24.5] * 49


def test_a_home_is_kept_warmer_only_if_it_may_stay_so_into_the_hot_hours(home: HomeState) -> None:
    home.sag.by_slot_k = [0.6 if place in HOT_SLOTS else 0.0 for place in range(SLOTS_PER_DAY)]

    plan = planner(home).occupied(30.0)

    # 0.6 K would be free in the night, but all of it is used up by the sag of the day
    assert plan.setpoint_c[:44] == [24.0] * 44


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
    tolerant = away_until_six(home).set_back_k
    for _ in range(3):
        home.tolerance.comfort.override(1.2)
    found_k = 0.5  # 24.5 °C
    borne_k = max(home.tolerance.comfort.quantile_k(UNNOTICED_RATIO) - found_k, 0.0) + SILENT_K

    touchy = away_until_six(home).set_back_k

    assert touchy <= borne_k < tolerant
