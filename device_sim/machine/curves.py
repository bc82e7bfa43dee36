"""Curves: capacity and electricity of each kind of machine over indoor wet bulb and outdoor dry bulb.

All are published fits to measured or manufacturers' data, as biquadratics over the value at rating point A.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from device_sim.noise import Floats

Codes: TypeAlias = NDArray[np.int8]
Coefficients: TypeAlias = tuple[float, float, float, float, float, float]


class Kind(IntEnum):
    """How a machine changes its capacity."""

    SINGLE_SPEED = 0
    TWO_SPEED = 1
    INVERTER = 2


RATED_AIR_C = 26.7
RATED_WET_BULB_C = 19.4
"""Indoor dry and wet bulb at the rating points A and B [°C]: AHRI 210/240-2023 (80 °F, 67 °F)."""

RATED_OUTDOOR_C = 35.0
"""Outdoor dry bulb at the rating point A [°C]: the same standard (95 °F); at point B it is 27.8 (82 °F)."""

WET_BULB_RANGE_C = (13.9, 23.9)
OUTDOOR_RANGE_C = (18.3, 51.7)
"""Where the curves hold [°C]; beyond, the value at the end is taken. Both from ResStock."""


@dataclass(frozen=True, slots=True)
class StageCurves:
    """One stage, or full speed, of a kind of machine, over the rating point; temperatures in °C.

    Attributes:
        capacity: Coefficients of capacity over rated capacity (1, x, x², y, y², xy).
        input: Coefficients of electricity per cooling over that at the rating point.
    """

    capacity: Coefficients
    input: Coefficients

    @classmethod
    def of_fahrenheit(cls, capacity: Coefficients, input_: Coefficients) -> Self:
        """Curves published for °F."""
        return cls(_at_rating_one(_celsius(capacity)), _at_rating_one(_celsius(input_)))

    @classmethod
    def of_celsius(cls, capacity: Coefficients, input_: Coefficients) -> Self:
        """Curves published for °C."""
        return cls(_at_rating_one(capacity), _at_rating_one(input_))

    def capacity_ratio(self, wet_bulb_c: Floats, outdoor_c: Floats) -> Floats:
        """Capacity over rated capacity, `(n,)`."""
        return _biquadratic(self.capacity, _inside_c(wet_bulb_c), np.clip(outdoor_c, *OUTDOOR_RANGE_C))

    def power_ratio(self, wet_bulb_c: Floats, outdoor_c: Floats) -> Floats:
        """Compressor and outdoor fan over their power at the rating point, `(n,)`."""
        x, y = _inside_c(wet_bulb_c), np.clip(outdoor_c, *OUTDOOR_RANGE_C)
        return np.asarray(_biquadratic(self.capacity, x, y) * _biquadratic(self.input, x, y))


def _celsius(fahrenheit: Coefficients) -> Coefficients:
    a, b, c, d, e, f = fahrenheit
    return (
        a + 32.0 * (b + d) + 1024.0 * (c + e + f),
        1.8 * (b + 64.0 * c + 32.0 * f),
        3.24 * c,
        1.8 * (d + 64.0 * e + 32.0 * f),
        3.24 * e,
        3.24 * f,
    )


def _biquadratic(c: Coefficients, x: Floats | float, y: Floats | float) -> Floats:
    return np.asarray(c[0] + (c[1] + c[2] * x) * x + (c[3] + c[4] * y + c[5] * x) * y)


def _at_rating_one(c: Coefficients) -> Coefficients:
    rated = float(_biquadratic(c, RATED_WET_BULB_C, RATED_OUTDOOR_C))
    return (c[0] / rated, c[1] / rated, c[2] / rated, c[3] / rated, c[4] / rated, c[5] / rated)


def _inside_c(wet_bulb_c: Floats | float) -> Floats:
    low, high = WET_BULB_RANGE_C
    return np.asarray(np.minimum(np.maximum(wet_bulb_c, low), high))


SINGLE_SPEED = StageCurves.of_fahrenheit(
    (3.670270705, -0.098652414, 0.000955906, 0.006552414, -0.0000156, -0.000131877),
    (-3.302695861, 0.137871531, -0.001056996, -0.012573945, 0.000214638, -0.000145054),
)
"""A single-speed central AC: Cutler et al. (2013), NREL/TP-5500-56354."""

FIRST_STAGE = StageCurves.of_fahrenheit(
    (3.940185508, -0.104723455, 0.001019298, 0.006471171, -0.00000953, -0.000161658),
    (-3.877526888, 0.164566276, -0.001272755, -0.019956043, 0.000256512, -0.000133539),
)
SECOND_STAGE = StageCurves.of_fahrenheit(
    (3.109456535, -0.085520461, 0.000863238, 0.00863049, -0.0000210, -0.000140186),
    (-1.990708931, 0.093969249, -0.00073335, -0.009062553, 0.000165099, -0.0000997),
)
"""The two stages of a two-speed central AC, each over its own rating: the same report, as in ResStock."""

HEAT_PUMP_FIRST_STAGE = StageCurves.of_fahrenheit(
    (3.998418659, -0.108728222, 0.001056818, 0.007512314, -0.0000139, -0.000164716),
    (-4.282911381, 0.181023691, -0.001357391, -0.026310378, 0.000333282, -0.000197405),
)
HEAT_PUMP_SECOND_STAGE = StageCurves.of_fahrenheit(
    (3.466810106, -0.091476056, 0.000901205, 0.004163355, -0.00000919, -0.000110829),
    (-3.557757517, 0.112737397, -0.000731381, 0.013184877, 0.000132645, -0.000338716),
)
"""The same of a two-speed heat pump that cools: the same report. No home of the fleet has one; the
calibration asks whether they meet a measured heat pump better."""

INVERTER = StageCurves.of_celsius(
    (1.008993521905866, 0.006512749025457, 0.0, 0.003917565735935, -0.000222646705889, 0.0),
    (
        *(0.429214441601141, -0.003604841598515, 0.000045783162727),
        *(0.026490875804937, -0.000159212286878, -0.000159062656483),
    ),
)
"""A mini-split with an inverter at full speed: NREL's ResStock (mini-split measure)."""

FULL_SPEED = (SINGLE_SPEED, SECOND_STAGE, INVERTER)
"""By code of `Kind`."""

POWER_AT_SPEED = (0.100754583, -0.131544809, 1.030916234)
"""Power over full-speed power of an inverter, as a quadratic of its speed: NREL's ResStock."""

FIRST_STAGE_CAPACITY_RATIO = 0.72
FIRST_STAGE_AIRFLOW_RATIO = 0.86
"""Rated capacity and air flow of the first stage over those of the second: ResStock, from Cutler et al."""

FIRST_STAGE_INPUT = (0.0083, 0.8887)
"""Rated electricity per cooling [W/W] of the first stage as a line of that of the second: Big Ladder's resdx,
which holds the NREL model; a COP of 3.5 becomes 3.82."""


def first_stage_cop(second_stage_cop: Floats) -> Floats:
    """Rated COP of the first stage [ratio], `(homes,)`."""
    constant, slope = FIRST_STAGE_INPUT
    return np.asarray(1.0 / (constant + slope / second_stage_cop))


class Curves:
    """Capacity and electricity of many machines under one sky, over those at the rating point.

    Args:
        kind: Codes of `Kind`, `(homes,)`.
        stages: The curves of each code.
    """

    def __init__(self, kind: Codes, stages: tuple[StageCurves, ...] = FULL_SPEED) -> None:
        self._kind = kind
        self._capacity = np.array([stage.capacity for stage in stages]).T
        self._input = np.array([stage.input for stage in stages]).T

    def capacity_ratio(self, wet_bulb_c: Floats | float, outdoor_c: float) -> Floats:
        """Capacity over rated capacity, `(homes,)`."""
        return self._at(self._capacity, wet_bulb_c, outdoor_c)

    def input_ratio(self, wet_bulb_c: Floats | float, outdoor_c: float) -> Floats:
        """Electricity per cooling, over that at the rating point, `(homes,)`."""
        return self._at(self._input, wet_bulb_c, outdoor_c)

    def _at(self, c: Floats, wet_bulb_c: Floats | float, outdoor_c: float) -> Floats:
        x, y = _inside_c(wet_bulb_c), min(max(outdoor_c, OUTDOOR_RANGE_C[0]), OUTDOOR_RANGE_C[1])
        constant, slope, bend = c[0] + (c[3] + c[4] * y) * y, c[1] + c[5] * y, c[2]
        kind = self._kind
        return np.asarray(constant[kind] + (slope[kind] + bend[kind] * x) * x)
