from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from cloud.advice import Preferences
from cloud.comfort import SILENT_K, ComfortLimit
from cloud.habit import Habit
from cloud.home_clock import SLOTS_PER_DAY, HomeClock, Slot
from cloud.home_state import HomeState
from cloud.planner import COOL_AHEAD_K, FIRST_DEPTH_K, HEAT_SAFETY_C, UNNOTICED_RATIO, Limits, Plan, Planner
from cloud.presence import Presence
from cloud.tolerance import EASED_SLOTS, SETTLE_DAYS
from cloud.warm_budget import UsualDay

NOON_S = 1_780_272_000.0 + 12 * 3600
"""Noon of a Monday (UTC)."""

HOT_SLOTS = range(17, 45)
"""From 08:30 to 22:30."""


@pytest.fixture
def home() -> HomeState:
    """A home with habit 24 °C, known for ten days, that is at its setpoint inside.

    Its own limit is known to be 2 K, and its temperature neither sags nor swings.
    """
    home = HomeState(Habit(24.0))
    home.warmth.by_slot_k = [0.0] * SLOTS_PER_DAY
    home.warmth.variance_k2 = [0.0] * SLOTS_PER_DAY
    home.tolerance.comfort = certain(2.0)
    home.watch.first_s = NOON_S - 10 * 86_400
    home.watch.indoor_c, home.watch.indoor_s = 24.0, NOON_S
    return home


def certain(limit_k: float) -> ComfortLimit:
    """The belief that the home's own limit is just there; days still differ."""
    limits = len(ComfortLimit()._log_weight)
    return ComfortLimit([0.0 if place // 6 == round(5 * limit_k) else -500.0 for place in range(6 * limits)])


def planner(home: HomeState) -> Planner:
    return Planner(home, Limits(16.0, 30.0), 1800, NOON_S, HomeClock("UTC").ahead(NOON_S, 49))


def planned(home: HomeState) -> list[tuple[Slot, float]]:
    """Setpoints of the coming half-hours [°C]."""
    return list(zip(planner(home).slots, planner(home).occupied(30.0).setpoint_c, strict=True))


def risen_k(home: HomeState) -> float:
    """Mean rise of the setpoint over the coming day [K]."""
    return float(np.mean(planner(home).occupied(30.0).setpoint_c[:48])) - 24.0


def test_a_home_is_kept_as_warm_as_its_budget_of_expected_discomfort_allows(home: HomeState) -> None:
    day = UsualDay([0.0] * 24, [0.0] * 24, [1.0] * 24)
    budget_k_h = home.tolerance.budget_k_h(planner(home).slots[0], 20.0)

    rise_k = risen_k(home)
    below, above = np.floor(2 * rise_k) / 2, np.floor(2 * rise_k) / 2 + 0.5
    extra_k_h = day.extra_k_h(np.array([below, above]), home.tolerance.comfort.discomfort()).sum(axis=1)
    assert extra_k_h[0] <= budget_k_h < extra_k_h[1]


def test_the_more_a_home_bears_the_warmer_it_is_kept(home: HomeState) -> None:
    rises_k = []
    for limit_k in (1.0, 2.0, 3.0):
        home.tolerance.comfort = certain(limit_k)
        rises_k.append(risen_k(home))

    assert rises_k[0] < rises_k[1] < rises_k[2]


def test_the_hot_hours_of_a_home_stay_cooler_where_only_a_part_of_the_day_is_affordable(
    home: HomeState,
) -> None:
    home.warmth.by_slot_k = [0.6 if place in HOT_SLOTS else 0.0 for place in range(SLOTS_PER_DAY)]
    home.tolerance.comfort = certain(1.6)

    plan = planner(home).occupied(30.0)

    by_slot = zip(planner(home).slots, plan.setpoint_c, strict=True)
    hot_c = [setpoint_c for slot, setpoint_c in by_slot if slot.of_day in HOT_SLOTS]
    assert np.mean(hot_c) < np.mean(plan.setpoint_c)


def test_a_home_whose_temperature_swings_is_kept_cooler(home: HomeState) -> None:
    still_k = risen_k(home)
    home.warmth.variance_k2 = [0.6**2] * SLOTS_PER_DAY

    assert risen_k(home) < still_k


def test_an_empty_home_may_be_warmer(home: HomeState) -> None:
    lived_in_k = risen_k(home)
    home.preferences = Preferences(share_presence=True)
    home.presence = Presence(profile=[[0.8] * SLOTS_PER_DAY] * 2)

    assert risen_k(home) > lived_in_k


def test_a_probe_goes_beyond_what_is_affordable(home: HomeState) -> None:
    home.tolerance.comfort = certain(1.0)
    home.tolerance.first_advised_day = HomeClock("UTC").slot(NOON_S).day - SETTLE_DAYS
    planned = planner(home)
    plan = planned.occupied(30.0)
    probe_k = home.tolerance.deepest_probe_k()

    assert probe_k >= 1.0
    assert plan.setpoint_c[12:18] == [24.0 + probe_k] * 6  # from 18:00
    assert max(plan.setpoint_c[:12]) < 24.0 + probe_k
    assert not plan.probing  # not yet


def test_a_probe_that_would_show_nothing_new_is_left_out(home: HomeState) -> None:
    today = HomeClock("UTC").slot(NOON_S).day
    home.tolerance.comfort = certain(1.0)
    without_c = planner(home).occupied(30.0).setpoint_c
    home.tolerance.first_advised_day, home.tolerance.probed_day = today - SETTLE_DAYS, today - 1

    assert planner(home).occupied(30.0).setpoint_c == without_c  # there was one yesterday


def test_no_warmth_without_a_token(home: HomeState) -> None:
    home.tolerance.tokens = 0.0

    assert risen_k(home) == 0.0


def test_who_said_that_it_is_a_bit_warm_has_it_cooler_for_hours_and_no_warmer_until_midnight(
    home: HomeState,
) -> None:
    now = planner(home).slots[0]
    home.tolerance.eased_day, home.tolerance.eased_slot, home.tolerance.eased_k = now.day, now.number, -0.5

    setpoint_c = planner(home).occupied(30.0).setpoint_c

    assert setpoint_c[:24] == [23.5] * EASED_SLOTS + [24.0] * (24 - EASED_SLOTS)
    assert min(setpoint_c[24:]) > 24.0


def test_who_bears_next_to_nothing_is_not_warmed_while_the_machine_idles(home: HomeState) -> None:
    home.tolerance.comfort = certain(1.0)
    warmer = {slot.of_day for slot, c in planned(home) if c > 24.0}
    assert 0 < len(warmer) < SLOTS_PER_DAY  # a stretch of the day, in hours that are as good as others

    home.recovery.load_ratio = [0.6 if place in warmer else 0.1 for place in range(SLOTS_PER_DAY)]
    assert {slot.of_day for slot, c in planned(home) if c > 24.0} == warmer

    home.recovery.load_ratio = [0.1 if place in warmer else 0.6 for place in range(SLOTS_PER_DAY)]
    assert {c for _, c in planned(home)} == {24.0}


def test_who_bears_more_keeps_a_stretch_also_while_the_machine_idles(home: HomeState) -> None:
    home.tolerance.comfort = certain(1.6)
    before = planned(home)
    least_c = min(c for _, c in before)
    warmer = {slot.of_day for slot, c in before if c > least_c}
    assert least_c > 24.0
    assert 0 < len(warmer) < SLOTS_PER_DAY

    home.recovery.load_ratio = [0.1 if place in warmer else 0.6 for place in range(SLOTS_PER_DAY)]
    assert planned(home) == before


def test_nobody_is_advised_more_than_is_safe_in_heat(home: HomeState) -> None:
    home.habit, home.tolerance.comfort = Habit(26.5), certain(4.0)

    assert max(planner(home).occupied(30.0).setpoint_c) == HEAT_SAFETY_C


@pytest.fixture
def strained(home: HomeState) -> HomeState:
    """The same with a machine that could not hold the habit yesterday from 15:00 on, at 38 °C."""
    today = HomeClock("UTC").slot(NOON_S)
    home.recovery.strained_day, home.recovery.strained_outdoor_c = today.day - 1, 38.0
    home.recovery.strained_slot, home.recovery.strained_from = today.number - 42, 30
    home.warmth.by_slot_k = [2.2 if 30 <= place < 40 else 0.0 for place in range(SLOTS_PER_DAY)]
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

    assert min(planner(strained).occupied(40.0).setpoint_c) >= 24.0


def test_nobody_pays_for_a_cool_home_who_puts_savings_first_or_is_not_there(strained: HomeState) -> None:
    strained.preferences = Preferences(comfort_lambda=5.0)
    thrifty = planner(strained).occupied(40.0)
    strained.preferences = Preferences(share_presence=True)
    strained.presence = Presence(profile=[[0.9] * SLOTS_PER_DAY] * 2)
    away = planner(strained).occupied(40.0)

    assert min(thrifty.setpoint_c) >= 24.0
    assert min(away.setpoint_c) >= 24.0


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
    found_k = 0.0
    borne_k = max(home.tolerance.comfort.quantile_k(UNNOTICED_RATIO) - found_k, 0.0) + SILENT_K

    touchy = away_until_six(home).set_back_k

    assert touchy <= borne_k < tolerant
