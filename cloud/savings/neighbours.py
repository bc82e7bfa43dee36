"""Neighbours: what other homes of the same place used on the same day, as a control variate.

Sun, damp and whatever else the outdoor sensor does not say move all homes of a place together: of what
temperature leaves in simulated homes, that is five sixths. The other homes' arms were drawn independently of
a home's own, so that what they used makes its days quieter and says nothing of its own saving (control
variates of an experiment, "CUPED": Deng, Xu, Kohavi and Walker 2013, WSDM).
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt

from cloud.savings.home_days import Floats, HomeDays
from cloud.savings.rules import FEWEST_NEIGHBOURS, LAGS

SWEEPS: Final = 5
"""Of taking levels of homes and of days off in turns: with missing days that takes some."""


def beside_neighbours(homes: Sequence[HomeDays]) -> list[HomeDays]:
    """Homes with one more column of weather: what others of their place used, over their usual day [ratio].

    NaN on days on which fewer than `FEWEST_NEIGHBOURS` others count, and where nobody knows the place.

    Args:
        homes: All of the same days.
    """
    places = defaultdict[str, list[int]](list)
    for row, home in enumerate(homes):
        places[home.place].append(row)
    columns = [np.full(len(home.used), np.nan) for home in homes]
    for place, rows in places.items():
        if place and len(rows) > FEWEST_NEIGHBOURS:
            for row, column in zip(rows, _others([homes[each] for each in rows]), strict=True):
                columns[row] = column
    return [
        replace(home, weather=np.column_stack([home.weather, column]))
        for home, column in zip(homes, columns, strict=True)
    ]


def _others(homes: Sequence[HomeDays]) -> Floats:
    """Of each home what the others used, as if none of them had been advised, (homes, days)."""
    used = np.stack([home.used for home in homes])
    seen = ~np.isnan(used) & (np.nansum(used, axis=1, keepdims=True) > 0)
    counts = np.maximum(seen.sum(axis=1, keepdims=True), 1)
    usual = np.where(seen, used, 0.0).sum(axis=1, keepdims=True) / counts
    ratio = np.where(seen, used / np.where(usual > 0, usual, 1.0), 0.0)
    arms = np.stack([_lagged(home.advised) for home in homes], axis=1)
    freed = np.stack([_freed_of_levels(each, seen)[seen] for each in arms], axis=1)
    effects = np.linalg.lstsq(freed, _freed_of_levels(ratio, seen)[seen], rcond=None)[0]
    at_habit = np.where(seen, ratio - np.einsum("lht,l->ht", arms, effects), 0.0)
    others = seen.sum(axis=0) - seen
    mean = (at_habit.sum(axis=0) - at_habit) / np.maximum(others, 1)
    return np.where(others >= FEWEST_NEIGHBOURS, mean, np.nan)


def _lagged(advised: Floats) -> Floats:
    """Arms of the day and of those before, (LAGS + 1, days)."""
    before = np.concatenate([np.zeros(LAGS), advised])
    return np.stack([before[LAGS - lag :][: len(advised)] for lag in range(LAGS + 1)])


def _freed_of_levels(values: Floats, seen: npt.NDArray[np.bool_]) -> Floats:
    """Values (homes, days) less what homes and days have in common; 0 where nothing was seen."""
    left = np.where(seen, values, 0.0)
    for _ in range(SWEEPS):
        for axis in (1, 0):
            counts = np.maximum(seen.sum(axis=axis, keepdims=True), 1)
            left = np.where(seen, left - left.sum(axis=axis, keepdims=True) / counts, 0.0)
    return left
