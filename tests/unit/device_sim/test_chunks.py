"""A fleet in parts: any division of the homes gives the same bits."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest

from device_sim.errors import SimulatorError
from device_sim.fleet import FaultRates, Fleet, FleetSpec
from device_sim.noise import Floats
from device_sim.policy import RandomisedSetpoints
from device_sim.season import simulate_telemetry

START = datetime(2025, 7, 1, 7, tzinfo=UTC)
HOMES = 12
WHOLE = FleetSpec(HOMES, seed=5, start=START, split="train", faults=FaultRates(0.01, 0.01, 0.01))


def parts(size: int) -> list[FleetSpec]:
    return [replace(WHOLE, homes=size, first_home=first) for first in range(0, HOMES, size)]


def lived(spec: FleetSpec) -> tuple[Fleet, pa.Table]:
    fleet = Fleet(spec, 1)
    return fleet, simulate_telemetry(fleet, 1, RandomisedSetpoints(fleet))


@pytest.mark.parametrize("size", [1, 4])
def test_parts_of_a_fleet_live_as_the_whole_does_bit_for_bit(size: int) -> None:
    fleet, whole = lived(WHOLE)
    lives = [lived(spec) for spec in parts(size)]

    assert pa.concat_tables([table for _, table in lives]).combine_chunks().equals(whole)
    assert tuple(site for part, _ in lives for site in part.sites) == fleet.sites
    for name in ("cooling_kwh", "warm_degree_hours_k_h", "occupied_h", "overrides", "taps"):
        truths = np.concatenate([getattr(part.truth(), name) for part, _ in lives])
        assert truths.tobytes() == getattr(fleet.truth(), name).tobytes()


ELEMENTWISE: dict[str, Callable[[Floats], Floats]] = {
    "exp": lambda x: np.asarray(np.exp(-x)),
    "log": np.log,
    "cos": np.cos,
    "arctan": np.arctan,
    "sqrt": np.sqrt,
    "power": lambda x: np.asarray(0.25**x),
    "polynomial": lambda x: 1.1 + 0.3 * x + 0.7 * x * x,
    "interp": lambda x: np.interp(x, np.arange(0.0, 10.0, 0.02), np.arange(0.0, 10.0, 0.02) ** 2),
    "round": lambda x: np.round(x, 1),
}


@pytest.mark.parametrize("name", ELEMENTWISE)
@pytest.mark.parametrize("size", [1, 7, 8, 9, 64, 1000])
def test_arithmetic_gives_the_same_bits_at_every_length_and_place(name: str, size: int) -> None:
    """What all of the above rests on: numpy's vector code and its remainders agree on this processor."""
    function = ELEMENTWISE[name]
    x: Floats = (np.arange(2003, dtype=np.float64) + 0.5) * 0.0041

    pieces = [function(x[start : start + size]) for start in range(3, len(x), size)]

    assert np.concatenate(pieces).tobytes() == function(x)[3:].tobytes()


def test_homes_are_numbered_from_zero() -> None:
    with pytest.raises(SimulatorError):
        replace(WHOLE, first_home=-1)
