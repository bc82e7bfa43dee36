"""A set-back that was noticed makes the next ones shallower, whether somebody acted or only spoke."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from cloud.advice import Feedback
from cloud.habit import Habit
from cloud.home_state import Given, HomeState
from cloud.observer import AFTERMATH_S, Observer
from cloud.ports.records import FeedbackKind
from edge.contract import Telemetry
from tests.unit.cloud.home.conftest import MIDNIGHT

NOON_S = (MIDNIGHT + timedelta(hours=12)).timestamp()


def returned(make_reading: Callable[..., Telemetry], ended_h: float) -> Observer:
    """Somebody is home at noon, at advice that ended a set-back so many hours ago."""
    home = HomeState(Habit(24.0))
    home.given = Given(NOON_S - 60, NOON_S + 1800, 24.5, recovered_s=NOON_S - 3600 * ended_h)
    observer = Observer(home, "UTC")
    advised = {"setpoint_c": 24.5, "changed_by": "advisor", "advice_id": "a"}
    observer.observe(make_reading(12.0, indoor_dry_bulb_c=25.5, **advised))
    return observer


@pytest.mark.parametrize("kind", ["a_bit_warm", "too_hot"])
def test_a_word_soon_after_a_set_back_is_a_mishap(
    make_reading: Callable[..., Telemetry], kind: FeedbackKind
) -> None:
    observer = returned(make_reading, ended_h=0.5)

    observer.hear(Feedback(MIDNIGHT + timedelta(hours=12.1), kind))

    assert observer.home.watch.mishaps == [MIDNIGHT.date().toordinal()]


def test_later_it_is_our_warmth_and_other_words_are_none(make_reading: Callable[..., Telemetry]) -> None:
    late, cold = returned(make_reading, ended_h=AFTERMATH_S / 3600), returned(make_reading, ended_h=0.5)

    late.hear(Feedback(MIDNIGHT + timedelta(hours=12.1), "a_bit_warm"))
    cold.hear(Feedback(MIDNIGHT + timedelta(hours=12.1), "too_cold"))

    assert late.home.watch.mishaps == cold.home.watch.mishaps == []
