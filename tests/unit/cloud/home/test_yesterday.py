"""Yesterday: what a night makes of the day before, and when it asks again."""

import math
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from cloud.closed_hours import Floats
from cloud.feature_catalogue import ENERGY_FEATURES
from cloud.hours import HourlyHistory
from cloud.outcome import Day, Horizon
from cloud.yesterday import Yesterday, look_back
from edge.contract import Telemetry

START = datetime(2025, 7, 1, tzinfo=UTC)
NOW = START + timedelta(days=9, hours=3, minutes=10)
OUTDOOR = ENERGY_FEATURES.index("outdoor_dry_bulb_c")


@dataclass
class OutdoorModel:
    """Says a tenth of a kilowatt-hour for each degree outdoors."""

    version: str = "v1"
    asked: int = 0

    @property
    def energy(self) -> "OutdoorModel":
        return self

    @property
    def override(self) -> "OutdoorModel":
        return self

    @property
    def presence(self) -> None:
        return None

    def predict(self, rows: Floats) -> Floats:
        self.asked += 1
        return 0.1 * rows[:, OUTDOOR]


@dataclass
class Home:
    """A home that may be asked about."""

    day: Day
    ordinal: int = 9
    yesterday: Yesterday = field(default_factory=Yesterday)


def home(times: float, *, last_times: float | None = None, silent_h: int = 0) -> Home:
    """A home that takes so many times what the model says, in its last day maybe others."""
    history, slots = HourlyHistory(0.0), round((NOW - START) / timedelta(minutes=30))
    for slot in range(1, slots + 1):
        at = START + timedelta(minutes=30 * slot)
        outdoor_c = 25.0 + 8.0 * math.sin(slot / 7.0)
        last = at > NOW - timedelta(days=1)
        now_times = last_times if last and last_times is not None else times
        silent = at > NOW - timedelta(hours=silent_h)
        history.observe(
            Telemetry(
                device_id="a",
                sampled_at=at,
                interval_s=1800,
                mode="cool",
                setpoint_c=24.0,
                indoor_dry_bulb_c=24.0,
                outdoor_dry_bulb_c=outdoor_c,
                electric_power_w=None if silent else 100.0 * outdoor_c * now_times,
            )
        )
    return Home(Day(history, Horizon(NOW, ()), {}))


@pytest.mark.parametrize(
    ("some", "ratio"),
    [
        (home(1.0), 1.0),
        (home(1.0, last_times=1.44), 1.2),
        (home(1.44, last_times=1.0), 1.0),
        (home(1.0, last_times=5.0), math.sqrt(2.0)),
        (home(1.44, silent_h=3), 1.2),
        (home(1.44, silent_h=6), 1.0),
    ],
    ids=["as said", "half of more", "yesterday only", "absurd", "a gap", "too little known"],
)
def test_half_of_what_was_off_is_believed(some: Home, ratio: float) -> None:
    look_back(OutdoorModel(), [some])

    assert some.yesterday.ratio == pytest.approx(ratio, abs=0.01)


def test_a_night_asks_once_and_another_model_is_asked_anew() -> None:
    model, homes = OutdoorModel(), [home(1.0), home(1.44)]

    look_back(model, homes)
    look_back(model, homes)
    assert model.asked == 1

    homes[1].ordinal += 1
    look_back(model, homes)
    look_back(OutdoorModel("v2"), homes)
    assert model.asked == 2
    assert [each.yesterday.version for each in homes] == ["v2", "v2"]


def test_with_whom_a_home_is_asked_changes_nothing() -> None:
    alone, together = home(1.44), [home(1.0), home(1.44), home(0.7)]

    look_back(OutdoorModel(), [alone])
    look_back(OutdoorModel(), together)

    assert alone.yesterday == together[1].yesterday
    assert np.isclose(together[0].yesterday.ratio, 1.0, atol=0.01)
