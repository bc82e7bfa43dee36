"""Households to test with: one that is known exactly, and many that are drawn."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from device_sim.local_time import LocalTime
from device_sim.noise import Draws, Noise, Stream
from device_sim.people.households import HouseholdParameters, draw_households
from device_sim.people.moment import Moment
from device_sim.people.people import Inhabitants, People
from device_sim.people.presence import Presence

STEP_S = 300
MONDAY = datetime(2025, 7, 7, 7, tzinfo=UTC)  # midnight in Phoenix
EVENING = 19 * 12

Household = Callable[..., People]
MakeMoment = Callable[..., Moment]


@pytest.fixture
def make_households() -> Callable[[int], HouseholdParameters]:
    """Households as a fleet draws them."""

    def draw(homes: int) -> HouseholdParameters:
        return draw_households(Draws(Noise(1, "train", homes), Stream.PERSON), np.full(homes, 80.0))

    return draw


@pytest.fixture
def make_household(monkeypatch: pytest.MonkeyPatch) -> Household:
    """Habit 24 °C, limits 22.5 and 25.6 °C, silent zone 0.6 K, rate 0.8/h, no whims, no moods."""
    monkeypatch.setattr("device_sim.people.people.COMFORT_OF_DAY_K", 0.0)
    plain = {
        "worker": False,
        "irregular": False,
        "home_office_ratio": 0.0,
        "persons": 2.0,
        "day_setpoint_c": 24.0,
        "night_setpoint_c": 24.0,
        "tolerance_up_k": 1.6,
        "tolerance_down_k": 1.5,
        "silent_k": 0.6,
        "rate_per_h": 0.8,
        "whim_per_h": 0.0,
        "tap_per_h": 1.0,
        "undo_per_h": 0.0,
        "step_k": 1.5,
        "favourite_k": np.nan,
        "restores": False,
        "acceptance_ratio": 0.8,
        "patience": np.inf,
        "wake_h": 6.5,
        "bed_h": 22.5,
        "leave_h": 8.0,
        "return_h": 17.0,
        "base_gain_w": 150.0,
        "active_gain_w": 200.0,
    }

    def make(usual_offset_k: float = 0.0, **changes: float) -> People:
        arrays = {name: np.array([value]) for name, value in (plain | changes).items()}
        inhabitants = Inhabitants(HouseholdParameters(**arrays), np.array([usual_offset_k]))
        clock = LocalTime(MONDAY, 9 * 288, STEP_S, "America/Phoenix")
        return People(inhabitants, Noise(1, "demo", 1), clock, STEP_S)

    return make


THERE = Presence(np.array([True]), np.array([True]), np.zeros(1))


@pytest.fixture
def make_moment() -> MakeMoment:
    """An evening at 24 °C set and felt, with somebody there and no chance of anything."""
    streams = (Stream.WARM, Stream.COLD, Stream.WHIM, Stream.CHANGE_SIZE, Stream.TAP)

    def make(
        felt_c: float = 24.0, setpoint_c: float = 24.0, step: int = EVENING, **changes: object
    ) -> Moment:
        lots = {name: changes.pop(name) for name in [s.name.lower() for s in streams] if name in changes}
        chances = {
            stream: np.array([lots.get(stream.name.lower(), 0.999)], dtype=float) for stream in streams
        }
        no = np.array([False])
        plain = Moment(step, THERE, np.array([felt_c]), np.array([setpoint_c]), no, no, chances)
        return replace(plain, **changes)  # type: ignore[arg-type]

    return make
