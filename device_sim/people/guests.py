"""Guests: evenings with more people at home than live there."""

import numpy as np

from device_sim.noise import Floats, Noise, Stream
from device_sim.people.calendar import is_eve, is_free

EVENING_RATIO = 0.05
FREE_EVENING_RATIO = 0.15
"""Share of evenings with guests, and of those before or on a free day: assumptions."""


class Guests:
    """How many guests there are.

    Args:
        noise: Chances by home and day.
    """

    def __init__(self, noise: Noise) -> None:
        self._noise = noise
        self._day = -1
        self._come_h = self._go_h = self._persons = np.zeros(0)

    def at(self, day: int, hour: float) -> Floats:
        """How many are expected at that hour of that local day, `(homes,)`; nobody stays over night."""
        if day != self._day:
            self._day = day
            self._draw(day)
        return np.asarray(self._persons * ((self._come_h <= hour) & (hour < self._go_h)))

    def _draw(self, day: int) -> None:
        u = self._noise.uniform(Stream.GUESTS, day * 4 + np.arange(4))
        share = FREE_EVENING_RATIO if is_free(day) or is_eve(day) else EVENING_RATIO
        self._persons = np.where(u[0] < share, 1.0 + np.ceil(5.0 * u[1]), 0.0)
        self._come_h = 17.5 + 2.0 * u[2]
        self._go_h = np.minimum(self._come_h + 2.0 + 3.0 * u[3], 23.9)
