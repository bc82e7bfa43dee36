import math
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from cloud.home_clock import HomeClock
from cloud.sag import LEARNING_RATE, UNKNOWN_SPREAD_K, Sag
from cloud.slot_summary import OpenSlot, SlotSummary
from edge.contract import Telemetry

NOON = HomeClock("UTC").slot(datetime(2026, 6, 1, 12, tzinfo=UTC).timestamp())


def half_hour(indoor_c: float, swing_k: float = 0.0, *, steady: bool = True) -> SlotSummary:
    return SlotSummary(NOON, "habit", 24.0, steady, indoor_c, 32.0, 0.6, True, swing_k)  # noqa: FBT003


def learn(sag: Sag, summary: SlotSummary) -> None:
    sag.learn(summary, summary.indoor_c)


def test_a_home_of_which_nothing_is_known_is_taken_to_vary() -> None:
    assert Sag().spread_k(NOON) == UNKNOWN_SPREAD_K


def test_knows_how_far_the_machine_lets_it_swing() -> None:
    sag = Sag()
    for _ in range(3):
        learn(sag, half_hour(24.2, 0.4))

    assert sag.expected_k(NOON) == pytest.approx(0.2)
    assert sag.spread_k(NOON) == pytest.approx(0.4)


def test_a_day_unlike_the_others_widens_the_spread() -> None:
    sag = Sag()
    learn(sag, half_hour(24.0))
    learn(sag, half_hour(25.0))

    assert sag.spread_k(NOON) == pytest.approx(math.sqrt(LEARNING_RATE))  # 1 K off, with the newest's weight


def test_what_was_not_steady_tells_nothing() -> None:
    sag = Sag()
    learn(sag, half_hour(27.0, 2.0, steady=False))

    assert sag == Sag()


def test_the_swing_of_a_half_hour_by_hand(make_reading: Callable[..., Telemetry]) -> None:
    over = OpenSlot(NOON)
    for indoor_c in (23.5, 24.5, 23.5, 24.5):
        over.add(make_reading(12.0, indoor_dry_bulb_c=indoor_c), 0.25)

    closed = over.close("habit", 24.0, at_home=True)
    assert closed.swing_k == pytest.approx(0.5)
    assert closed.felt_c == pytest.approx(24.25)


def test_a_half_hour_without_a_temperature_has_no_swing() -> None:
    assert OpenSlot(NOON).close("habit", 24.0, at_home=True).swing_k == 0.0
