"""Meters: a lifetime counter that goes back, and power that says something else than the counter."""

import numpy as np

from cloud.quality.columns import Columns, Flags, marked

BACK_KWH = 0.01
"""A counter that falls by more has gone back [kWh]: more than rounding."""

OFF_SHARE = 0.25
"""Power and counter of a day may differ by so much [ratio]: assumption. A class 2 meter is within 2 %
(IEC 62053-21); the rest is for samples that are no true means."""

OFF_KWH = 0.2
"""A smaller difference is none [kWh]: assumption."""

COUNTER_STEPS = 2.0
"""Nor is one of so many of the counter's own steps."""

LEAST_PAIRS = 12
"""A day with fewer neighbours is not judged."""

DAY_MS = 86_400_000


def counter_back(columns: Columns) -> Flags:
    """Readings whose counter is below the one that the device said before."""
    pairs = columns.pairs
    rise_kwh = columns.energy_kwh[pairs.after] - columns.energy_kwh[pairs.before]
    return marked(len(columns), pairs.after[rise_kwh < -BACK_KWH])


def power_against_counter(columns: Columns) -> Flags:
    """Readings of the devices' UTC days on which power times time is far from what the counter rose."""
    pairs, after = columns.pairs, columns.pairs.after
    rise_kwh = columns.energy_kwh[after] - columns.energy_kwh[pairs.before]
    told_kwh = columns.power_w[after] * columns.interval_s[after] / 3.6e6
    used = pairs.adjacent(columns.interval_s) & (rise_kwh >= 0.0) & ~np.isnan(told_kwh)
    after, rise_kwh, told_kwh = after[used], rise_kwh[used], told_kwh[used]
    _, days = np.unique(
        columns.device[after] * 1_000_000 + columns.at_ms[after] // DAY_MS, return_inverse=True
    )
    counted, risen, told = (np.bincount(days, weights) for weights in (None, rise_kwh, told_kwh))
    step_kwh = np.full(len(columns.device_ids), np.inf)
    np.minimum.at(step_kwh, columns.device[after], np.where(rise_kwh > 0.0, rise_kwh, np.inf))
    steps = np.where(np.isinf(step_kwh), 0.0, COUNTER_STEPS * step_kwh)[columns.device[after]]
    apart = np.abs(risen - told)
    off = (counted >= LEAST_PAIRS) & (apart > OFF_KWH) & (apart > OFF_SHARE * np.maximum(risen, told))
    return marked(len(columns), after[off[days] & (apart[days] > steps)])
