"""Sun through windows: how much of what falls on the four facades becomes heat in a home.

    Q = sum over N, E, S, W of window area x SHGC x shading x irradiance behind the glass

A real house looks anywhere; its facades are shared out over the two nearest of the four directions, in
proportion to the angle, so that no window is lost. A facade that looks north-east is half north, half east.
"""

from dataclasses import dataclass

import numpy as np

from device_sim.noise import Floats

FACADES = 4
"""North, east, south, west: the order of every column in this package."""

QUARTER_DEG = 360.0 / FACADES


@dataclass(frozen=True, slots=True)
class Windows:
    """The windows of all homes.

    Attributes:
        area_m2: Glass and frame that look north, east, south and west [m²], `(homes, 4)`.
        shgc: Solar heat gain coefficient of the whole window at normal incidence, `(homes,)`.
        shading_ratio: What eaves, trees, neighbours, screens and curtains let through, `(homes, 4)`.
        to_air_ratio: Share of the gain that warms air and furniture at once; the rest the mass, `(homes,)`.
    """

    area_m2: Floats
    shgc: Floats
    shading_ratio: Floats
    to_air_ratio: Floats

    @property
    def total_m2(self) -> Floats:
        """All windows of each home [m²], `(homes,)`."""
        return sum_facades(self.area_m2)

    @property
    def aperture_m2(self) -> Floats:
        """Area of a perfect opening with the same gain [m²], `(homes, 4)`."""
        return self.area_m2 * self.shgc[:, None] * self.shading_ratio


def sum_facades(by_facade: Floats) -> Floats:
    """Sum of the four columns in a fixed order, the same bits for any number of homes."""
    north, east, south, west = by_facade.T
    return np.asarray(north + east + south + west)


def share_out(area_m2: Floats, azimuth_deg: Floats) -> Floats:
    """Share the area of one facade of each home out over north, east, south and west [m²], `(homes, 4)`.

    Args:
        area_m2: Area of the facade's windows [m²], `(homes,)`.
        azimuth_deg: Where it looks, clockwise from north [°], `(homes,)`.
    """
    quarters = (azimuth_deg / QUARTER_DEG)[:, None] - np.arange(FACADES)
    away = np.abs((quarters + FACADES / 2.0) % FACADES - FACADES / 2.0)
    return np.asarray(area_m2[:, None] * np.maximum(1.0 - away, 0.0))
