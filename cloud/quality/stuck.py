"""Stuck sensors, and devices that repeat their last values.

A sensor that is stuck leaves its machine nothing to follow: the compressor stands still or runs evenly. A
coarse sensor in a room that is well kept says the same for days while the compressor follows the load, so
sameness alone tells nothing there.
"""

import numpy as np

from cloud.quality.columns import Columns, Flags, Floats, Integers, runs

FINE_STEP_K = 0.2
"""A sensor with smaller steps is fine [K]; others round to 0.5 °C, 1 °F or 1 °C, or are the mean of two that
do (ha_house, 0.28 K)."""

FINE_STUCK_H, COARSE_STUCK_H = 6.0, 18.0
"""The same value for so long is suspicious [h]: assumption; sound simulated sensors that are fine keep one
for less than 6 h (split train), ecobee_home's for 3.9 h, and most of a day and a night pass in the second."""

UNEXPLAINED_STUCK_H = 24.0
"""The same for a coarse sensor where the compressor tells nothing, since it is not known or rests all the
time [h]: assumption."""

FOLLOWS_SHARE = 0.2
"""A compressor that changes in so many of the steps follows the load [ratio]: between most sound simulated
homes, above 0.5, and most with a stuck sensor, below 0.05 (split train)."""

CHANGE_RATIO = 0.02
"""A smaller change of the compressor is none [ratio]."""

FROZEN_H, FROZEN_WITHOUT_POWER_H = 1.0, 3.0
"""Indoor, outdoor and power all the same for so long are an old reading that is repeated [h], and the two
temperatures alone where there is no power: assumption. The outdoor sensors of sound simulated homes keep a
value for 0.7 h at most, ha_house's, of whole °F, for 1.7 h."""

STEP_QUANTILE = 0.1
"""Which of a sensor's changes is taken for its step: the smallest may come of a change of units."""

FROZEN_READINGS = 6
"""And at least so many of them."""

_H_MS = 3_600_000.0


def stuck_sensor(columns: Columns) -> Flags:
    """Readings in a stretch in which the indoor sensor says the same although it should not."""
    known = np.flatnonzero(~np.isnan(columns.indoor_c))  # a missing value does not end a stretch
    device = columns.device[known]
    first, length = runs(device, columns.indoor_c[known])
    last = first + length - 1
    hours = (columns.at_ms[known][last] - columns.at_ms[known][first]) / _H_MS
    follows = _follow_share(columns.compressor_ratio[known], first, length)
    fine = _steps_k(columns, known)[device[first]] < FINE_STEP_K
    limit_h = np.where(fine, FINE_STUCK_H, np.where(np.isnan(follows), UNEXPLAINED_STUCK_H, COARSE_STUCK_H))
    stuck = (hours >= limit_h) & ~(follows >= FOLLOWS_SHARE)
    flags = np.zeros(len(columns), dtype=np.bool_)
    flags[known] = np.repeat(stuck, length)
    return flags


def frozen(columns: Columns) -> Flags:
    """Readings in a stretch in which all that is measured stays the same."""
    measured = (columns.indoor_c, columns.outdoor_c)
    power_w = np.nan_to_num(columns.power_w, nan=-1.0)  # it may be missing; the temperatures may not
    first, length = runs(columns.device, *measured, power_w)
    hours = (columns.at_ms[first + length - 1] - columns.at_ms[first]) / _H_MS
    limit_h = np.where(np.isnan(columns.power_w[first]), FROZEN_WITHOUT_POWER_H, FROZEN_H)
    return np.asarray(np.repeat((hours >= limit_h) & (length >= FROZEN_READINGS), length))


def _steps_k(columns: Columns, known: Integers) -> Floats:
    """The step of each device's sensor [K]; infinite for one that has not changed."""
    change_k = np.abs(np.diff(columns.indoor_c[known]))
    device = columns.device[known]
    made = (np.diff(device) == 0) & (change_k > 0.0)
    change_k, device = change_k[made], device[1:][made]
    ordered_k = change_k[np.lexsort((change_k, device))]
    counts = np.bincount(device, minlength=len(columns.device_ids))
    steps_k = np.full(len(counts), np.inf)
    place = np.cumsum(counts) - counts + (STEP_QUANTILE * counts).astype(np.int64)
    steps_k[counts > 0] = ordered_k[place[counts > 0]]
    return steps_k


def _follow_share(compressor_ratio: Floats, first: Integers, length: Integers) -> Floats:
    """In what share of each stretch's steps the compressor changes; NaN where it tells nothing."""
    if not len(first):
        return np.zeros(0)
    change = np.zeros(len(compressor_ratio))
    change[1:] = np.abs(np.diff(compressor_ratio))
    moved = np.where(np.isnan(change), np.nan, change > CHANGE_RATIO)
    moved[first] = 0.0  # that step began before the stretch
    share = np.add.reduceat(moved, first) / np.maximum(length - 1, 1)
    return np.where(np.maximum.reduceat(compressor_ratio, first) > 0.0, share, np.nan)
