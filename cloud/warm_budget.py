"""Warm budget: how far above its habit a home may be kept without more warm degree-hours than it can afford.

What counts is what the advice adds: at each time of the day it is as warm as the home's own sag and
swing make it, once at the habit and once warmer, and the limit may lie anywhere that is believed possible.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cloud.comfort import Discomfort, Floats

DAY_H = 24.0

_NODES = math.sqrt(3.0) * np.array([-1.0, 0.0, 1.0])
_WEIGHTS = np.array([1.0, 4.0, 1.0]) / 6.0
"""Three values with the mean, spread and fourth moment of a normal distribution (Gauss-Hermite)."""


@dataclass(frozen=True, slots=True)
class UsualDay:
    """A day at the habit, in n equal parts; arrays are (n,).

    Attributes:
        warmth_k: Indoor temperature above the habit's setpoint to expect [K].
        spread_k: Its standard deviation [K].
        present: Chance that somebody is at home [ratio].
    """

    warmth_k: Sequence[float]
    spread_k: Sequence[float]
    present: Sequence[float]

    def warm_k_h(self, discomfort: Discomfort) -> float:
        """Warm degree-hours to expect at the habit itself [K·h]."""
        return float(self._total_k_h(discomfort.at_k(self._usual_k())))

    def extra_k_h(self, rises_k: Floats, discomfort: Discomfort) -> Floats:
        """Warm degree-hours that each rise of the setpoint is expected to add, (rises,) [K·h]."""
        usual_k = self._usual_k()
        warmer_k = rises_k[:, None, None] + usual_k
        return self._total_k_h(discomfort.at_k(warmer_k) - discomfort.at_k(usual_k))

    def _usual_k(self) -> Floats:
        """Three possible temperatures in each part, (n, 3) [K]."""
        return np.asarray(np.array(self.warmth_k)[:, None] + np.array(self.spread_k)[:, None] * _NODES)

    def _total_k_h(self, beyond_k: Floats) -> Floats:
        """Over the day, and over what is possible; (..., n, 3) to (...) [K·h]."""
        return np.asarray((beyond_k @ _WEIGHTS) @ np.array(self.present) * (DAY_H / len(self.present)))
