"""Implausible jumps: a temperature that no room and no weather could have changed so fast."""

import numpy as np

from cloud.quality.columns import Columns, Flags, Floats, marked

INDOOR_JUMP_K = 4.0
"""Change between neighbours that is implausible [K]: assumption. The largest in ecobee_home and ha_house is
1.6 K; HILFT's laboratory has one of 9.8 K in a minute, and none between that and 2 K."""

OUTDOOR_JUMP_K = 6.0
"""The same outdoors [K]: assumption. The largest measured in those data sets is 3.7 K."""

NEIGHBOURS_S = 900.0
"""Readings further apart are no neighbours [s]: assumption."""


def indoor_jump(columns: Columns) -> Flags:
    """Readings whose indoor temperature is far from the one just before."""
    return _jump(columns, columns.indoor_c, INDOOR_JUMP_K)


def outdoor_jump(columns: Columns) -> Flags:
    """Readings whose outdoor temperature is far from the one just before."""
    return _jump(columns, columns.outdoor_c, OUTDOOR_JUMP_K)


def _jump(columns: Columns, value_c: Floats, limit_k: float) -> Flags:
    pairs = columns.pairs
    change_k = np.abs(value_c[pairs.after] - value_c[pairs.before])
    near = (pairs.elapsed_s > 0.0) & (pairs.elapsed_s <= NEIGHBOURS_S)
    return marked(len(columns), pairs.after[near & (change_k > limit_k)])
