"""Warm budget: how far above its habit a home may be kept without more warm degree-hours than it can afford.

What counts is what the advice adds: at each time of the day it is as warm as the home's own sag and
swing make it, once at the habit and once warmer, and the limit may lie anywhere that is believed possible.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from cloud.comfort import Discomfort, Floats

Places: TypeAlias = npt.NDArray[np.int_]

DAY_H = 24.0

SHORTEST_STRETCH = 0.25
"""A larger rise is worth it for at least so much of the day [ratio]."""

_WORTH_DIGITS = 6
"""Stretches whose worth differs by less are worth the same."""

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
        return float(self._by_part_k_h(discomfort.at_k(self._usual_k())).sum())

    def extra_k_h(self, rises_k: Floats, discomfort: Discomfort) -> Floats:
        """Warm degree-hours that each rise is expected to add in each part, (rises, n) [K·h]."""
        usual_k = self._usual_k()
        warmer_k = rises_k[:, None, None] + usual_k
        return self._by_part_k_h(discomfort.at_k(warmer_k) - discomfort.at_k(usual_k))

    def _usual_k(self) -> Floats:
        """Three possible temperatures in each part, (n, 3) [K]."""
        return np.asarray(np.array(self.warmth_k)[:, None] + np.array(self.spread_k)[:, None] * _NODES)

    def _by_part_k_h(self, beyond_k: Floats) -> Floats:
        """Over what is possible; (..., n, 3) to (..., n) [K·h]."""
        return np.asarray((beyond_k @ _WEIGHTS) * np.array(self.present) * (DAY_H / len(self.present)))


@dataclass(frozen=True, slots=True)
class HourlyWorth:
    """What warmth brings in each of n equal parts of the day, in one unit; arrays are (n,).

    Attributes:
        held: A kelvin warmer all through a part.
        turned: To become a kelvin warmer as a part begins: what that spares, and what it takes to turn back.
    """

    held: Floats
    turned: Floats


def affordable_k(
    rises_k: Floats, extra_k_h: Floats, budget_k_h: float, worth: HourlyWorth | None = None
) -> Floats:
    """The largest rises whose warm degree-hours stay within a budget.

    One for the whole day; and the next one for as long as the budget lasts, in one stretch, at the time of
    the day when it is worth most. Without `worth` that is the longest stretch, where it weighs least. For a
    stretch shorter than `SHORTEST_STRETCH` the machine would beep for little.

    Args:
        rises_k: To choose from, ascending from 0, (r,) [K].
        extra_k_h: What each of them adds in each of n parts of the day, (r, n) [K·h].
        budget_k_h: What may be added in the day [K·h].
        worth: What a kelvin brings; None where all parts are alike.

    Returns:
        (n,) [K].
    """
    place = max(int(np.searchsorted(extra_k_h.sum(axis=1), budget_k_h, side="right")) - 1, 0)
    parts = extra_k_h.shape[1]
    rise_k = np.full(parts, rises_k[place])
    if place + 1 == len(rises_k):
        return rise_k
    more_k_h = _running(extra_k_h[place + 1] - extra_k_h[place])
    left_k_h = budget_k_h - extra_k_h[place].sum()
    chosen = _longest(more_k_h, left_k_h) if worth is None else _worthiest(more_k_h, left_k_h, worth)
    rise_k[chosen] = rises_k[place + 1]
    return rise_k


def _longest(more_k_h: Floats, left_k_h: float) -> Places:
    """The longest stretch that weighs no more than `left_k_h`, and of those the one that weighs least."""
    parts = len(more_k_h) // 2
    lengths = np.arange(parts - 1, int(parts * SHORTEST_STRETCH) - 1, -1)
    stretches_k_h = more_k_h[lengths[:, None] + np.arange(parts)] - more_k_h[:parts]
    fits = stretches_k_h.min(axis=1) <= left_k_h
    if not fits.any():
        return np.arange(0)
    place = int(fits.argmax())
    return (int(stretches_k_h[place].argmin()) + np.arange(lengths[place])) % parts


def _worthiest(more_k_h: Floats, left_k_h: float, worth: HourlyWorth) -> Places:
    """Of the stretches that weigh no more than `left_k_h` the one that is worth most; if any is."""
    parts = len(more_k_h) // 2
    value, turn = _running(worth.held), np.tile(worth.turned, 2)
    most, chosen = 0.0, np.arange(0)
    for length in range(parts - 1, int(parts * SHORTEST_STRETCH) - 1, -1):
        stretch_k_h = more_k_h[length : length + parts] - more_k_h[:parts]
        if stretch_k_h.min() > left_k_h:
            continue
        held = value[length : length + parts] - value[:parts]
        gain = np.round(held + turn[:parts] - turn[length : length + parts], _WORTH_DIGITS)
        gain = np.where(stretch_k_h <= left_k_h, gain, -np.inf)
        first = int(np.lexsort((stretch_k_h, -gain))[0])  # of equal gains the one that weighs least
        if gain[first] > most:
            most, chosen = float(gain[first]), np.arange(first, first + length) % parts
    return chosen


def _running(by_part: Floats) -> Floats:
    """Sums from the first part on, over two days, (2 n + 1,)."""
    running = np.zeros(2 * len(by_part) + 1)
    np.concatenate([by_part, by_part]).cumsum(out=running[1:])
    return running
