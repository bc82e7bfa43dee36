"""Sleep: when the households are awake, at home or not."""

import numpy as np

from device_sim.noise import Floats, Noise, Stream
from device_sim.people.calendar import is_eve, is_free
from device_sim.people.households import Flags, HouseholdParameters

LATER_ON_FREE_DAYS_H = 1.2
LATER_BEFORE_FREE_DAYS_H = 1.2
"""How much later people get up on free days and go to bed before them [h]: assumptions."""

LATEST_BED_H = 26.5
"""Nobody is up after 02:30 [h after the day's midnight]: an assumption."""


class Sleep:
    """The hours of sleep of each day.

    Args:
        parameters: The households.
        noise: Chances by home and day.
    """

    def __init__(self, parameters: HouseholdParameters, noise: Noise) -> None:
        self._parameters = parameters
        self._noise = noise
        self._day = -1
        self._wake_h = self._bed_h = self._late_h = np.zeros(0)

    def is_awake(self, day: int, hour: float) -> Flags:
        """Whether people are awake at that hour of that local day, `(homes,)`."""
        if day != self._day:
            self._day = day
            self._wake_h, self._bed_h = self._hours(day)
            self._late_h = self._hours(day - 1)[1] - 24.0
        return np.asarray(((self._wake_h <= hour) & (hour < self._bed_h)) | (hour < self._late_h))

    def _hours(self, day: int) -> tuple[Floats, Floats]:
        """When people get up and go to bed [h after the day's midnight]."""
        p, z = self._parameters, self._noise.normal(Stream.SLEEP, day * 4 + np.arange(2))
        wake_h = p.wake_h + 0.3 * z[0] + LATER_ON_FREE_DAYS_H * is_free(day)
        bed_h = p.bed_h + 0.4 * z[1] + LATER_BEFORE_FREE_DAYS_H * is_eve(day)
        return wake_h, np.minimum(bed_h, LATEST_BED_H)
