"""A home made of words: readings as the tests say them, and models that are plain formulas."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from cloud.advice import Installation
from cloud.feature_catalogue import ENERGY_FEATURES, OVERRIDE_FEATURES
from edge.contract import Telemetry

Floats = npt.NDArray[np.float64]

MIDNIGHT = datetime(2026, 6, 1, 0, 0, tzinfo=UTC)
"""A Monday."""


class PlainEnergy:
    """0.05 kWh/h for each kelvin that the day-long setpoint is below 40 °C."""

    def predict(self, rows: Floats, /) -> Floats:
        return 0.05 * (40.0 - rows[:, ENERGY_FEATURES.index("setpoint_24h_c")])


class PlainOverride:
    """1 % an hour for each kelvin felt above the habit."""

    def predict(self, rows: Floats, /) -> Floats:
        return 0.01 * np.maximum(rows[:, OVERRIDE_FEATURES.index("felt_above_habit_k")], 0.0)


class PlainModels:
    """Models that a test can check by hand."""

    version = "plain"
    energy = PlainEnergy()
    override = PlainOverride()
    presence = None


@pytest.fixture
def models() -> PlainModels:
    return PlainModels()


@pytest.fixture
def installation() -> Installation:
    return Installation(
        habit_setpoint_c=24.0, latitude_deg=0.0, longitude_deg=0.0, timezone="UTC", step_s=1800
    )


@pytest.fixture
def make_reading() -> Callable[..., Telemetry]:
    """A reading so many hours after a Monday's midnight; every field can be changed."""

    def make(hour: float, **changes: Any) -> Telemetry:  # noqa: ANN401 (fields of every type)
        fields = {
            "device_id": "ac-1",
            "sampled_at": MIDNIGHT + timedelta(hours=hour),
            "interval_s": 300.0,
            "mode": "cool",
            "setpoint_c": 24.0,
            "indoor_dry_bulb_c": 24.0,
            "indoor_rh_pct": 50.0,
            "outdoor_dry_bulb_c": 32.0,
            "electric_power_w": 800.0,
            "compressor_ratio": 0.6,
            "changed_by": "schedule",
        }
        return Telemetry.model_validate(fields | changes)

    return make
