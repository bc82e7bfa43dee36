"""Homes that are known: rows made by the model's own equations, or by others."""

from collections.abc import Callable

import numpy as np
import pytest

from cloud.thermal.fit import Fitted
from cloud.thermal.machine import Machine
from cloud.thermal.prior import Prior
from cloud.thermal.rows import SLOTS_PER_DAY, Floats, Rows
from cloud.thermal.simulate import State, Weather, simulate

DAYS = 14


def homes_of(theta: Floats) -> Fitted:
    """Homes with narrow bands that draw 2 kW at full load, in proportion to it."""
    homes = len(theta)
    machine = Machine(
        offset_k=np.zeros(homes),
        band_k=np.full(homes, 0.5),
        scale_w=np.full(homes, 2000.0),
        power=np.tile([0.01, 0.99, 0.0, 0.0], (homes, 1)),
    )
    return Fitted(theta, np.zeros_like(theta), machine, np.zeros(homes))


def weather_of(halves: int, homes: int) -> Weather:
    """Warm days, each with its own height."""
    hour = np.arange(halves) / 2.0
    height_c = np.random.default_rng(3).normal(30.0, 2.5, halves // 48 + 1)[np.arange(halves) // 48]
    outdoor_c = height_c + 6.0 * np.sin(2 * np.pi * (hour - 9.0) / 24)
    ghi = 900.0 * np.maximum(np.sin(2 * np.pi * (hour - 6.0) / 24), 0.0)
    return Weather(np.tile(outdoor_c, (homes, 1)), np.tile(ghi, (homes, 1)))


@pytest.fixture(scope="session")
def prior() -> Prior:
    return Prior.from_package()


@pytest.fixture
def known_homes() -> Callable[[Floats], Fitted]:
    """Homes of these parameters that draw 2 kW at full load and 1 % of it at rest."""
    return homes_of


@pytest.fixture(scope="session")
def make_rows() -> Callable[[Floats], Rows]:
    """Two weeks of homes whose parameters are known, setpoints by lot, a sensor's noise of 0.05 K."""

    def make(theta: Floats) -> Rows:
        homes, slots = len(theta), DAYS * SLOTS_PER_DAY
        draws = np.random.default_rng(7)
        levels_c, chances = [23.0, 24.0, 25.0, 26.0, np.inf], [0.3, 0.2, 0.2, 0.2, 0.1]
        blocks = draws.choice(levels_c, (homes, slots // 24), p=chances)
        setpoint_c = np.repeat(blocks, 24, axis=1)
        halves = weather_of(slots // 2, homes)
        fine = Weather(np.repeat(halves.outdoor_c, 2, axis=1), np.repeat(halves.ghi_w_m2, 2, axis=1))
        # a slot is played as if it were a half-hour of half the length: twice the time constants
        slow = theta.copy()
        slow[:, [0, 1, 2, 3, 4, 5, 6, 7]] += np.log(0.5)
        start = State(np.full(homes, 24.0), np.full(homes, 25.0))
        ends_c, kwh = simulate(homes_of(slow), start, fine, setpoint_c[:, np.newaxis], steps=6)
        ends_c = np.concatenate([start.indoor_c[:, np.newaxis], ends_c[:, 0]], axis=1)
        indoor_c = (ends_c[:, 1:] + ends_c[:, :-1]) / 2 + draws.normal(0.0, 0.05, (homes, slots))
        power_w = kwh[:, 0] * 2000.0
        return Rows(
            first_slot=0,
            indoor_c=indoor_c,
            outdoor_c=fine.outdoor_c,
            setpoint_c=np.where(np.isinf(setpoint_c), np.nan, setpoint_c),
            power_w=power_w,
            load_ratio=(power_w / 2000.0 - 0.01) / 0.99,
            ghi_w_m2=fine.ghi_w_m2,
        )

    return make
