"""Grey box: what is kept of the fit of one home, and how it is asked again."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from cloud.thermal.fit import Fitted
from cloud.thermal.machine import Machine
from cloud.thermal.model import PARAMETERS
from cloud.thermal.rows import Floats
from cloud.thermal.simulate import State, Weather

DECIMALS: Final = 6
"""Of what is kept: a home fitted alone or with others is the same."""

MACHINE_NUMBERS: Final = 7
"""Offset, band, scale, and the four coefficients of power."""

KEPT_H: Final = 6
SAME_SHARE: Final = 0.01
"""What was answered stands for so long [h], for plans whose degrees differ by no more than this share of the
habit's: an answer takes a millisecond, and plans seldom change."""


@dataclass(slots=True)
class GreyBox:
    """The newest fit of one home; empty before the first.

    Attributes:
        theta: Logarithms of `model.PARAMETERS`.
        machine: Offset [K], band [K], power at full load [W], coefficients of power.
        trusted: Whether its residuals let it speak for the home (`trust`).
        night: Ordinal of the local day in whose small hours it was last fitted; None = never.
        said: The newest answer: hour since 1970, share of the habit's energy by degrees, and ratio to that.
    """

    theta: list[float] = field(default_factory=list[float])
    machine: list[float] = field(default_factory=list[float])
    trusted: bool = False
    night: int | None = None
    said: tuple[int, float, float] | None = None

    @property
    def speaks(self) -> bool:
        """Whether it may be asked about the home."""
        whole = len(self.theta) == len(PARAMETERS) and len(self.machine) == MACHINE_NUMBERS
        return self.trusted and whole and all(map(math.isfinite, (*self.theta, *self.machine)))

    def recall(self, hour: int, share: float) -> float | None:
        """What was answered lately of a plan with such a share [ratio]; None when it has to be asked."""
        if self.said is None or not 0 <= hour - self.said[0] < KEPT_H:
            return None
        return self.said[2] if abs(share - self.said[1]) <= SAME_SHARE else None

    def keep(self, fitted: Fitted, place: int) -> None:
        """Keep home `place` of those that were fitted together."""
        machine, self.said = fitted.machine, None
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
