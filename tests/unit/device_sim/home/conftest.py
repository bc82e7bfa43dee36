"""One home whose figures are easy to reckon with by hand, and what may surround it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from device_sim.home.outdoor_air import Openings
from device_sim.home.room import RoomParameters, Surroundings
from device_sim.home.solar import Windows

TIGHT = Openings(
    leakage_m2=np.array([0.0]),
    stack_m2_s2_k=np.array([0.0145]),
    wind_ratio=np.array([0.0104]),
    fan_m3_s=np.array([0.0]),
    window_m2=np.array([0.4]),
)
DARK = Windows(
    area_m2=np.zeros((1, 4)),
    shgc=np.array([0.6]),
    shading_ratio=np.full((1, 4), 0.5),
    to_air_ratio=np.array([0.25]),
)
HOME = RoomParameters(
    floor_area_m2=np.array([80.0]),
    air_capacity_j_k=np.array([1e6]),
    mass_capacity_j_k=np.array([1e7]),
    air_mass_w_k=np.array([200.0]),
    window_w_k=np.array([50.0]),
    envelope_w_k=np.array([100.0]),
    opaque_solar_m2=np.array([1.0]),
    windows=DARK,
    openings=TIGHT,
)
STILL = Surroundings(
    outdoor_c=30.0,
    outdoor_humidity_ratio=0.010,
    wind_m_s=0.0,
    window_w_m2=np.zeros(4),
    ghi_w_m2=0.0,
    gain_w=np.array([0.0]),
    moisture_kg_s=np.array([0.0]),
    window_open=np.array([False]),
)


@pytest.fixture
def make_home() -> Callable[..., RoomParameters]:
    """One home without windows to the sun and without cracks, but for the changes (arrays `(1,)`)."""

    def build(**changes: Any) -> RoomParameters:  # noqa: ANN401 - fields of several types
        openings = {name: changes.pop(name) for name in Openings.__slots__ if name in changes}
        sun = {name: changes.pop(name) for name in Windows.__slots__ if name in changes}
        return replace(HOME, openings=replace(TIGHT, **openings), windows=replace(DARK, **sun), **changes)

    return build


@pytest.fixture
def make_surroundings() -> Callable[..., Surroundings]:
    """30 °C and 10 g/kg outdoors, no sun, no wind, nobody at home, but for the changes."""

    def build(**changes: Any) -> Surroundings:  # noqa: ANN401 - fields of several types
        return replace(STILL, **changes)

    return build
