"""Closed hours: what a home was like in its last eight days, in the forms in which it is asked for.

Every decision asks for columns and every save for JSON; so both are made when an hour closes, not each time.
"""

import math
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Final, TypeAlias

import msgspec
import numpy as np
import numpy.typing as npt

from cloud.open_hour import Hour

Floats: TypeAlias = npt.NDArray[np.float64]

KEPT_H: Final = 192
"""Hours kept [h]: a week for the descriptors and a day to spare."""

COLUMNS: Final = ("setpoint_c", "outdoor_dry_bulb_c", "indoor_rh_pct", "electric_energy_kwh")
"""The fields that are kept as columns."""


class ClosedHours:
    """The hours of the last `KEPT_H`, oldest first; some may be missing."""

    def __init__(self) -> None:
        self._hours: deque[Hour] = deque()
        self._encoded: deque[bytes] = deque()
        self._columns = np.full(
            (len(COLUMNS), KEPT_H), math.nan
        )  # an hour's place is its index modulo KEPT_H

    def __iter__(self) -> Iterator[Hour]:
        return iter(self._hours)

    def keep(self, hour: Hour) -> None:
        """Add an hour; later than all before."""
        self.forget(hour.hour_index - KEPT_H)
        self._hours.append(hour)
        self._encoded.append(msgspec.json.encode(hour))
        self._columns[:, hour.hour_index % KEPT_H] = columns_of(hour)

    def forget(self, through: int) -> None:
        """Drop the hours up to and including index `through`."""
        while self._hours and self._hours[0].hour_index <= through:
            self._columns[:, self._hours.popleft().hour_index % KEPT_H] = math.nan
            self._encoded.popleft()

    def columns(self, first: int, count: int) -> Floats:
        """`COLUMNS` of the hours `first` to `first + count - 1`, (4, count); NaN where nothing is kept."""
        if not self._hours:
            return np.full((len(COLUMNS), count), math.nan)
        found = self._columns[:, np.arange(first, first + count) % KEPT_H]
        oldest, newest = self._hours[0].hour_index, self._hours[-1].hour_index
        found[:, : max(0, oldest - first)] = math.nan
        found[:, max(0, newest + 1 - first) :] = math.nan
        return found

    def to_json(self) -> msgspec.Raw:
        """An array of arrays; NaN is null."""
        return msgspec.Raw(b"[" + b",".join(self._encoded) + b"]")

    def extend_json(self, hours: Iterable[list[float | None]]) -> None:
        """Add the hours that `to_json` wrote."""
        for index, *values in hours:
            self.keep(Hour(int(index or 0), *(math.nan if value is None else value for value in values)))


def columns_of(hour: Hour) -> tuple[float, ...]:
    """An hour's values of `COLUMNS`."""
    return hour.setpoint_c, hour.outdoor_dry_bulb_c, hour.indoor_rh_pct, hour.electric_energy_kwh
