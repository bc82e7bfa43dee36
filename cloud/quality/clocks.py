"""Clocks: a device's time against its own count of readings, since the lake does not know when they arrived.

A clock that has been wrong all along is not found so; one that is put back or forward is, at both ends.
"""

import numpy as np

from cloud.quality.columns import NO_SEQ, Columns, Flags, marked

TOLERANCE_S, TOLERANCE_RATIO = 60.0, 0.5
"""Time may differ from the count by so many seconds, or by so much of an interval, whichever is more:
assumption; a device that samples when something changes needs it."""


def clock_jump(columns: Columns) -> Flags:
    """Readings before which the device's clock was put back or forward.

    A device that sleeps without counting looks like one whose clock was put forward. Without `seq` only
    intervals that overlap are found.
    """
    pairs = columns.pairs
    interval_s = columns.interval_s[pairs.after]
    limit_s = np.maximum(TOLERANCE_S, TOLERANCE_RATIO * interval_s)
    off_s = pairs.elapsed_s - pairs.steps * interval_s
    counted = (pairs.steps > 0) & (np.abs(off_s) > limit_s)
    uncounted = (columns.seq[pairs.before] == NO_SEQ) & (columns.seq[pairs.after] == NO_SEQ)
    overlap = uncounted & (pairs.elapsed_s - interval_s < -np.maximum(1.0, TOLERANCE_RATIO * interval_s))
    return marked(len(columns), pairs.after[counted | overlap])
