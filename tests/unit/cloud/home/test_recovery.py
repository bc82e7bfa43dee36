import pytest

from cloud.home_clock import HomeClock, Slot
from cloud.recovery import (
    CAUTION,
    CHILLED_DAYS,
    COOL_AHEAD_SLOTS,
    HEAT_MARGIN_K,
    PULL_DOWN_K_H,
    STRAINED_MEMORY_DAYS,
    Recovery,
)
from cloud.slot_summary import Author, SlotSummary

CLOCK = HomeClock("UTC")
HABIT_C = 24.0
MIDNIGHT_S = 1_780_272_000.0
"""Of a Monday."""


def day(number: int) -> Slot:
    return CLOCK.slot(MIDNIGHT_S + number * 86_400 + 15 * 3600)


def half_hour(
    slot: Slot, indoor_c: float, *, load: float | None = 1.0, author: Author = "habit", steady: bool = True
) -> SlotSummary:
    return SlotSummary(slot, author, 24.0, steady, indoor_c, 40.0, load, True)  # noqa: FBT003


def test_assumes_a_slow_home_before_it_has_seen_a_recovery() -> None:
    assert Recovery().fall_k_h == PULL_DOWN_K_H


def test_learns_the_pull_down_from_a_recovery() -> None:
    recovery = Recovery()
    recovery.begin(0.0, 26.5, 24.0)
    recovery.observe(3600.0, 25.0)
    assert not recovery.falls_k_h

    recovery.observe(5400.0, 24.25)

    assert recovery.falls_k_h == [1.5]  # (26.5 - 24.25) K in 1.5 h
    assert recovery.fall_k_h == pytest.approx(CAUTION * 1.5)


@pytest.mark.parametrize(
    ("falls_k_h", "relied_on_k_h"), [([3.0, 1.0, 2.0], 1.0), ([3.0, 0.1, 2.0, 1.5, 4.0], 1.5)]
)
def test_relies_on_what_three_of_four_recoveries_reach(falls_k_h: list[float], relied_on_k_h: float) -> None:
    assert Recovery(falls_k_h=falls_k_h).fall_k_h == pytest.approx(CAUTION * relied_on_k_h)


def test_a_home_that_does_not_recover_counts_with_what_it_reached() -> None:
    recovery = Recovery()
    recovery.begin(0.0, 27.0, 24.0)
    recovery.observe(6 * 3600.0, 26.4)

    assert recovery.falls_k_h == [pytest.approx(0.1)]


def test_a_warm_up_cut_short_tells_its_rate() -> None:
    recovery = Recovery()
    recovery.begin(0.0, 24.0, 28.0)
    recovery.observe(3600.0, 25.2)
    recovery.stop(3600.0, 25.2)

    assert recovery.rises_k_h == [pytest.approx(1.2)]
    assert recovery.rise_k_h == pytest.approx(1.2)


def test_a_recovery_cut_short_tells_nothing() -> None:
    recovery = Recovery()
    recovery.begin(0.0, 27.0, 24.0)
    recovery.stop(600.0, 26.8)

    assert not recovery.falls_k_h
    assert recovery.episode is None


def test_small_changes_are_no_episodes() -> None:
    recovery = Recovery()
    recovery.begin(0.0, 25.0, 24.0)

    assert recovery.episode is None


def test_a_machine_flat_out_above_its_habit_cannot_recover() -> None:
    recovery = Recovery()
    recovery.learn(half_hour(day(0), 25.0), HABIT_C)

    assert recovery.cannot_recover(day(1), 40.0)
    assert recovery.cannot_recover(day(1), None)


@pytest.mark.parametrize(
    "summary",
    [
        half_hour(day(0), 25.0, load=0.8),  # it could give more
        half_hour(day(0), 24.5),  # it holds
        half_hour(day(0), 25.0, steady=False),
    ],
)
def test_the_guard_is_decided_at_the_habit_alone(summary: SlotSummary) -> None:
    recovery = Recovery()
    recovery.learn(summary, HABIT_C)

    assert not recovery.cannot_recover(day(0), 45.0)


def test_strain_is_seen_under_advice_too_but_not_while_our_set_back_is_made_good() -> None:
    recovering, holding = Recovery(), Recovery()
    recovering.begin(0.0, 26.0, HABIT_C)
    for recovery in (recovering, holding):
        recovery.learn(half_hour(day(0), 25.0, author="advice"), HABIT_C)

    assert holding.cannot_recover(day(0), 40.0)
    assert not recovering.cannot_recover(day(0), 40.0)


def test_a_machine_that_cannot_give_more_than_the_habit_is_not_strained() -> None:
    recovery = Recovery()
    recovery.learn(half_hour(day(0), 25.0, author="person"), habit_c=25.0)  # somebody asked for 24 °C

    assert not recovery.cannot_recover(day(0), 45.0)


def strained_at(*hours: float) -> Recovery:
    """A home whose machine reached its limit so many hours after a first midnight."""
    recovery = Recovery()
    for hour in hours:
        recovery.learn(half_hour(CLOCK.slot(MIDNIGHT_S + 3600 * hour), 25.0), HABIT_C)
    return recovery


def ahead_at(recovery: Recovery, hour: float) -> bool:
    return recovery.is_ahead(CLOCK.slot(MIDNIGHT_S + 3600 * hour))


def test_it_is_time_to_cool_ahead_in_the_hours_before_the_heat_only() -> None:
    recovery = strained_at(13, 14, 15)

    assert ahead_at(recovery, 24 + 12.5)
    assert ahead_at(recovery, 24 + 13 - COOL_AHEAD_SLOTS / 2)
    assert not ahead_at(recovery, 24 + 12.5 - COOL_AHEAD_SLOTS / 2)
    assert not ahead_at(recovery, 24 + 13)
    assert not ahead_at(Recovery(), 12.5)


def test_heat_that_lasts_past_midnight_begins_in_the_afternoon() -> None:
    recovery = strained_at(*[14 + half / 2 for half in range(24)])

    assert recovery.strained_from == 28


def test_the_heat_of_another_day_may_begin_earlier() -> None:
    assert strained_at(15, 16, 24 + 13, 24 + 14, 48 + 14).strained_from == 26


def test_is_not_cooled_ahead_for_some_weeks_after_somebody_was_cold() -> None:
    recovery = strained_at(13)
    recovery.chilled_day = day(0).day

    assert not ahead_at(recovery, 12 + 24 * (CHILLED_DAYS - 1))
    assert ahead_at(recovery, 12 + 24 * CHILLED_DAYS)


def test_without_a_load_sensor_the_temperature_alone_decides() -> None:
    recovery = Recovery()
    recovery.learn(half_hour(day(0), 25.0, load=None), HABIT_C)

    assert recovery.cannot_recover(day(0), 40.0)


def test_trusts_the_machine_again_on_cooler_days_and_after_some_weeks() -> None:
    recovery = Recovery()
    recovery.learn(half_hour(day(0), 25.0), HABIT_C)

    assert not recovery.cannot_recover(day(1), 40.0 - HEAT_MARGIN_K - 0.1)
    assert not recovery.cannot_recover(day(STRAINED_MEMORY_DAYS + 1), 40.0)


def test_tells_variable_speed_from_starting_and_stopping() -> None:
    inverter, cycling = Recovery(), Recovery()
    for step in range(200):
        inverter.observe_load(0.4 + 0.01 * (step % 3))
        cycling.observe_load((0.0, 0.4, 1.0, 0.7)[step % 4])

    assert inverter.is_variable_speed
    assert not cycling.is_variable_speed
