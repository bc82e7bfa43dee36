"""Closed hours: what a home was like in its last eight days, in the forms in which it is asked for.

Every decision asks for columns and every save for bytes; so both are made when an hour closes, not each time.
"""

import math
from collections import deque
from collections.abc import Iterator
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from cloud.open_hour import Hour

Floats: TypeAlias = npt.NDArray[np.float64]

KEPT_H: Final = 192
"""Hours kept [h]: a week for the descriptors and a day to spare."""

COLUMNS: Final = ("setpoint_c", "outdoor_dry_bulb_c", "indoor_rh_pct", "electric_energy_kwh", "on_ratio")
"""The fields that are kept as columns."""

DIGITS: Final = 4
"""Hours are kept to so many digits, and stored as whole numbers of the last of them."""

_FIELDS: Final = len(Hour._fields) - 1
_UNKNOWN, _LARGEST = -(2**31), 2**31 - 1


class ClosedHours:
    """The hours of the last `KEPT_H`, oldest first; some may be missing."""

    def __init__(self) -> None:
        self._hours: deque[Hour] = deque()
        # an hour's place in both is its index modulo KEPT_H
        self._columns = np.full((len(COLUMNS), KEPT_H), math.nan)
        self._codes = np.full((_FIELDS, KEPT_H), _UNKNOWN, "<i4")

    def __iter__(self) -> Iterator[Hour]:
        return iter(self._hours)

    def keep(self, hour: Hour) -> None:
        """Add an hour, rounded to `DIGITS`; later than all before."""
        self.forget(hour.hour_index - KEPT_H)
        self._hours.append(hour)
        place = hour.hour_index % KEPT_H
        self._columns[:, place] = columns_of(hour)
        self._codes[:, place] = [_code(value) for value in hour[1:]]

    def forget(self, through: int) -> None:
        """Drop the hours up to and including index `through`."""
        while self._hours and self._hours[0].hour_index <= through:
            place = self._hours.popleft().hour_index % KEPT_H
            self._columns[:, place], self._codes[:, place] = math.nan, _UNKNOWN

    def newest(self, count: int) -> list[Hour]:
        """The newest hours, at most `count`, oldest first."""
        return [self._hours[place] for place in range(max(len(self._hours) - count, 0), len(self._hours))]

    def columns(self, first: int, count: int) -> Floats:
        """`COLUMNS` of the hours `first` to `first + count - 1`, (5, count); NaN where nothing is kept."""
        if not self._hours:
            return np.full((len(COLUMNS), count), math.nan)
        found = self._columns[:, np.arange(first, first + count) % KEPT_H]
        oldest, newest = self._hours[0].hour_index, self._hours[-1].hour_index
        found[:, : max(0, oldest - first)] = math.nan
        found[:, max(0, newest + 1 - first) :] = math.nan
        return found

    def to_bytes(self) -> bytes:
        """By field, all first bytes, all second bytes and so on: so they pack well."""
        return self._codes.view(np.uint8).reshape(-1, 4).T.tobytes()

    def extend_bytes(self, plain: bytes, newest: int | None) -> None:
        """Add the hours that `to_bytes` wrote.

        Args:
            plain: The bytes.
            newest: Index of the newest of them; None when there is none.

        Raises:
            ValueError: The bytes are damaged.
        """
        codes = np.frombuffer(plain, np.uint8).reshape(4, -1).T.copy().view("<i4").reshape(_FIELDS, KEPT_H)
        for index in () if newest is None else range(newest + 1 - KEPT_H, newest + 1):
            column = codes[:, index % KEPT_H].tolist()
            if any(code != _UNKNOWN for code in column):
                self.keep(Hour(index, *map(_value, column)))


def columns_of(hour: Hour) -> tuple[float, ...]:
    """An hour's values of `COLUMNS`."""
    return (
        hour.setpoint_c,
        hour.outdoor_dry_bulb_c,
        hour.indoor_rh_pct,
        hour.electric_energy_kwh,
        hour.on_ratio,
    )


def _code(value: float) -> int:
    """A rounded value in whole numbers, which `_value` turns into that very value."""
    scaled = value * 10.0**DIGITS
    return _UNKNOWN if math.isnan(value) else round(max(min(scaled, _LARGEST), -_LARGEST))


def _value(code: int) -> float:
    return math.nan if code == _UNKNOWN else code / 10.0**DIGITS
