"""Builders of machines, one home each."""

from collections.abc import Callable

import numpy as np
import pytest

from device_sim.machine.air_conditioner import AirConditioner
from device_sim.machine.curves import Kind
from device_sim.machine.faults import MachineCondition
from device_sim.machine.parameters import MachineParameters
from device_sim.psychrometrics import humidity_ratio

SOUND = {"airflow_ratio": 1.0, "charge_ratio": 1.0, "sensor_drift_k": 0.0, "sensor_stuck": False}


@pytest.fixture
def make_machine() -> Callable[..., MachineParameters]:
    """A machine of a kind, and what is different about it."""

    def make(kind: Kind = Kind.SINGLE_SPEED, **changes: float) -> MachineParameters:
        values = {
            "capacity_w": 5000.0,
            "rated_cop": 3.5,
            "fan_w": 0.0,
            "standby_w": 0.0,
            "crankcase_w": 0.0,
            "on_above_k": 0.4,
            "off_below_k": 0.4,
            "band_k": 1.0,
            "slowest_ratio": 0.25 if kind is Kind.INVERTER else 1.0,
            "min_on_s": 180.0,
            "min_off_s": 180.0,
            "start_up_s": 45.0,
            "sensor_lag_s": 1e-3,
            "sensor_offset_k": 0.0,
            "sensor_resolution_k": 0.1,
            "humidity_resolution_pct": 1.0,
        } | changes
        codes = np.array([kind], dtype=np.int8)
        return MachineParameters(kind=codes, **{name: np.array([value]) for name, value in values.items()})

    return make


@pytest.fixture
def make_condition() -> Callable[..., MachineCondition]:
    """The condition of one machine: sound, but for what is given."""
    return lambda **changes: MachineCondition(**{k: np.array([v]) for k, v in (SOUND | changes).items()})


@pytest.fixture
def start() -> Callable[..., AirConditioner]:
    """A machine that faces air of 50.6 %, which at 26.7 °C is the rating point's wet bulb of 19.4 °C."""

    def make(
        parameters: MachineParameters,
        air_c: float = 26.7,
        outdoor_c: float = 35.0,
        condition: MachineCondition | None = None,
    ) -> AirConditioner:
        unit = AirConditioner(parameters, 60.0, np.array([air_c]))
        unit.condition = condition or unit.condition
        unit.face(np.array([air_c]), humidity_ratio(air_c, np.array([50.6])), outdoor_c, np.zeros(1))
        return unit

    return make
