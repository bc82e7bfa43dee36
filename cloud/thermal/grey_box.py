"""Grey box: what is kept of the fit of one home, and how fast it says that the home cools down."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from cloud.thermal.fit import Fitted
from cloud.thermal.machine import Machine
from cloud.thermal.model import PARAMETERS
from cloud.thermal.rows import Floats
from cloud.thermal.simulate import State, Weather, simulate

DECIMALS: Final = 6
"""Of what is kept: a home fitted alone or with others is the same."""

MACHINE_NUMBERS: Final = 7
"""Offset, band, scale, and the four coefficients of power."""

SET_BACK_K: Final = 2.5
"""The set-back from which pull-down is told [K]: halfway to the deepest (`cloud.absence.DEPTHS_K`)."""

SET_BACK_HALVES: Final = 12
"""How long it lasts [half-hours]: a morning out."""

NEAR_K: Final = 0.3
"""So near to its goal a home has recovered [K], as for `cloud.recovery`."""

LONGEST_HALVES: Final = 12
"""A home that has not recovered by then counts with what it reached [half-hours]."""

CAUTION: Final = 0.85
"""Share of the pull-down that is relied upon [ratio], as for `cloud.recovery`: the grey box alone is short by
more than a quarter of an hour in too many homes (`python -m infra.local.thermal_study`)."""

_DAY: Final = 48


@dataclass(slots=True)
class GreyBox:
    """The newest fit of one home; empty before the first.

    Attributes:
        theta: Logarithms of `model.PARAMETERS`.
        machine: Offset [K], band [K], power at full load [W], coefficients of power.
        trusted: Whether its residuals let it speak for the home (`trust`).
        fall_k_h: Pull-down on the hottest hours of the day before, with caution [K/h]; None = not known.
        night: Ordinal of the local day in whose small hours it was last fitted; None = never.
    """

    theta: list[float] = field(default_factory=list[float])
    machine: list[float] = field(default_factory=list[float])
    trusted: bool = False
    fall_k_h: float | None = None
    night: int | None = None

    @property
    def speaks(self) -> bool:
        """Whether it may be asked about the home."""
        whole = len(self.theta) == len(PARAMETERS) and len(self.machine) == MACHINE_NUMBERS
        return self.trusted and whole and all(map(math.isfinite, (*self.theta, *self.machine)))

    def keep(self, fitted: Fitted, place: int) -> None:
        """Keep home `place` of those that were fitted together."""
        machine = fitted.machine
        numbers = [machine.offset_k[place], machine.band_k[place], machine.scale_w[place]]
        self.theta = np.round(fitted.theta[place], DECIMALS).tolist()
        self.machine = np.round([*numbers, *machine.power[place]], DECIMALS).tolist()


def fitted_of(boxes: Sequence[GreyBox]) -> Fitted:
    """The fits of some homes together; each must have one. Posterior spreads are not kept (NaN)."""
    theta = np.array([box.theta for box in boxes], np.float64)
    machine = np.array([box.machine for box in boxes], np.float64)
    columns = machine[:, 0], machine[:, 1], machine[:, 2]
    return Fitted(theta, np.full_like(theta, np.nan), Machine(*columns, machine[:, 3:]), np.zeros(len(theta)))


def settled(fitted: Fitted, weather: Weather, indoor_c: Floats) -> State:
    """Homes that have been at `indoor_c` (h,) through days of this weather [°C]: where the mass tends to."""
    bi, bo, bs = (np.exp(fitted.theta[:, place]) for place in (5, 6, 7))
    outdoor_c, sun = weather.outdoor_c.mean(axis=1), weather.ghi_w_m2.mean(axis=1) / 1000.0
    return State(indoor_c, (bi * indoor_c + bo * outdoor_c + bs * sun) / (bi + bo))


def pull_down_k_h(fitted: Fitted, day: Weather, habit_c: Floats) -> Floats:
    """How fast homes recover from a set-back of `SET_BACK_K` in the hottest hours of a day.

    Args:
        fitted: The homes.
        day: The weather of 24 h, (h, 48).
        habit_c: Setpoint to go back to, (h,) [°C].

    Returns:
        (h,) [K/h], `CAUTION` included; NaN where the home does not get so warm that it could be told.
    """
    back = _DAY + SET_BACK_HALVES
    hottest = np.argmax(day.outdoor_c, axis=1)
    order = (hottest[:, np.newaxis] - back + np.arange(back + LONGEST_HALVES)) % _DAY
    weather = Weather(*(np.take_along_axis(c, order, axis=1) for c in (day.outdoor_c, day.ghi_w_m2)))
    path_k = np.zeros((2, back + LONGEST_HALVES))
    path_k[1, _DAY:back] = SET_BACK_K
    paths_c = habit_c[:, np.newaxis, np.newaxis] + path_k
    indoor_c, _ = simulate(fitted, settled(fitted, weather, habit_c), weather, paths_c)
    extra_k = (indoor_c[:, 1] - indoor_c[:, 0])[:, back - 1 :]  # from the end of the set-back on
    recovered = extra_k <= NEAR_K
    halves = np.where(recovered.any(axis=1), recovered.argmax(axis=1), LONGEST_HALVES)
    fallen_k = extra_k[:, 0] - np.take_along_axis(extra_k, halves[:, np.newaxis], axis=1)[:, 0]
    told = extra_k[:, 0] > 2 * NEAR_K
    return np.where(told, CAUTION * np.maximum(fallen_k, 0.0) * 2.0 / np.maximum(halves, 1), np.nan)
