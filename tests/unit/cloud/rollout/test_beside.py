"""A version on trial beside the champion: what an update may change, and what it may not."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from cloud.advice import Advice, Comparison
from cloud.rollout.beside import ENOUGH_HOMES, Beside, Pair

AT = datetime(2025, 7, 1, 10, tzinfo=UTC)
HABIT_C = 23.0


def advice(setpoint_c: float | None = 24.0, kwh: float = 8.0, habit_c: float | None = HABIT_C) -> Advice:
    return Advice(
        setpoint_c=setpoint_c,
        mode="off" if setpoint_c is None else "cool",
        fan=None,
        valid_until=AT + timedelta(hours=1),
        expected_saving_kwh=0.5,
        saving_interval_kwh=(0.1, 0.9),
        expected_saving_money=0.1,
        saving_interval_money=(0.0, 0.2),
        currency="EUR",
        notice_probability=0.0,
        reason="",
        counterfactual=Comparison(habit_c, kwh + 0.5, kwh, AT + timedelta(days=1)),
    )


def hear(said: Advice, champion: Advice, homes: int) -> str | None:
    return Beside().hear({f"d{number}": Pair.of(said, champion) for number in range(homes)})


@pytest.mark.parametrize(
    "said",
    [
        advice(),
        advice(24.5, 6.0),  # an honest update wants and expects a little else
        advice(25.4),
        advice(22.6),
        advice(kwh=8.0 * 3.9),
        advice(kwh=8.0 / 3.9),
    ],
)
def test_what_an_update_may_change_is_no_fault(said: Advice) -> None:
    assert hear(said, advice(), 12) is None


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (advice(28.0), "it wants 12 homes +4.0 K warmer than the champion does"),
        (advice(22.0), "it wants 12 homes -2.0 K warmer"),
        (advice(None), "it wants 12 homes +3.0 K warmer"),  # off: 4 K above the habit, by the guard
        (advice(kwh=0.0), "it expects 0.06 times the champion's electricity"),  # (0 + 0.5) / (8 + 0.5)
        (advice(kwh=40.0), "it expects 4.76 times the champion's electricity"),  # 40.5 / 8.5
    ],
)
def test_another_climate_or_another_bill_is_a_fault(said: Advice, why: str) -> None:
    assert str(hear(said, advice(), 12)).startswith(why)


def test_of_few_homes_more_is_borne() -> None:
    warmer = advice(26.0)

    assert hear(warmer, advice(), ENOUGH_HOMES - 1) is None
    assert hear(warmer, advice(), ENOUGH_HOMES) is not None
    assert hear(advice(27.5), advice(), 1) is not None


def test_pairs_of_later_days_take_the_place_of_earlier_ones() -> None:
    beside = Beside()
    alike, warmer = Pair.of(advice(), advice()), Pair.of(advice(28.0), advice())

    assert beside.hear({f"d{number}": alike for number in range(8)}) is None
    assert beside.hear({f"d{number}": warmer for number in range(8)}) is not None


def test_on_a_day_without_cooling_a_multiple_says_nothing() -> None:
    assert hear(advice(kwh=0.3), advice(kwh=0.01), 12) is None


def test_without_a_setpoint_or_a_habit_nothing_is_compared() -> None:
    silent = replace(advice(None, habit_c=None))

    assert Pair.of(silent, silent).warmer_k == 0.0
    assert hear(silent, silent, 12) is None
