"""Weather: what a season is like outdoors, at the fleet's step, wherever it comes from.

`generator` makes it without any file, `files` reads a measured or typical year; `sun` says what it does to
walls and windows.
"""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from device_sim.noise import Floats

DAY_S = 86_400
"""A day [s]."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where on Earth; east and north are positive."""

    latitude_deg: float
    longitude_deg: float
    timezone: str


@dataclass(frozen=True, slots=True)
class Weather:
    """Outdoor conditions of a season.

    Attributes:
        place: Where it was, or is supposed to be.
        start: Start of the first step (UTC).
        step_s: Length of a step [s].
        outdoor_dry_bulb_c: Mean over each step [°C], `(steps,)`.
        outdoor_rh_pct: Mean over each step [%], `(steps,)`.
        ghi_w_m2: Global horizontal irradiance, mean over each step [W/m²], `(steps,)`.
        dni_w_m2: Direct normal irradiance: the beam, square to it [W/m²], `(steps,)`.
        dhi_w_m2: Diffuse horizontal irradiance: the sky without the sun [W/m²], `(steps,)`.
        wind_m_s: Wind speed at 10 m above open ground [m/s], `(steps,)`.
    """

    place: Place
    start: datetime
    step_s: int
    outdoor_dry_bulb_c: Floats
    outdoor_rh_pct: Floats
    ghi_w_m2: Floats
    dni_w_m2: Floats
    dhi_w_m2: Floats
    wind_m_s: Floats

    @property
    def steps(self) -> int:
        """How many steps the season has."""
        return len(self.ghi_w_m2)

    @property
    def mid_steps_s(self) -> NDArray[np.int64]:
        """Middle of each step [s since 1970], `(steps,)`."""
        return mid_steps_s(self.start, self.steps, self.step_s)


def mid_steps_s(start: datetime, steps: int, step_s: int) -> NDArray[np.int64]:
    """Middle of each step [s since 1970], `(steps,)`."""
    return int(start.timestamp()) + step_s // 2 + step_s * np.arange(steps, dtype=np.int64)
