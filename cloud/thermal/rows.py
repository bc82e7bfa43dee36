"""Rows: what homes were like in slots of 15 minutes, as columns, for h homes at once."""

from dataclasses import dataclass, replace
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]
Flags: TypeAlias = npt.NDArray[np.bool_]

SLOT_S: Final = 900
"""Length of a slot [s]: light homes recover in 30 to 40 minutes, so half-hours are too coarse to learn
from."""

SLOT_H: Final = SLOT_S / 3600
SLOTS_PER_DAY: Final = 96

QUIET_SLOTS: Final = 8
"""So long after a change of the setpoint a home is taken for steady [slots]: two hours."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Means over slots; arrays are (h, n), NaN where nothing is known.

    Attributes:
        first_slot: Number of the first slot, counted since 1970, the same for all homes.
        indoor_c: Indoor dry bulb [°C].
        outdoor_c: Outdoor dry bulb [°C].
        setpoint_c: In force at the slot's end [°C]; NaN while the machine is off, or unknown.
        power_w: Electric power [W].
        load_ratio: Load of the compressor [ratio].
        ghi_w_m2: Sunshine on the horizontal [W/m²].
    """

    first_slot: int
    indoor_c: Floats
    outdoor_c: Floats
    setpoint_c: Floats
    power_w: Floats
    load_ratio: Floats
    ghi_w_m2: Floats

    @property
    def shape(self) -> tuple[int, int]:
        """Homes and slots."""
        homes, slots = self.indoor_c.shape
        return homes, slots

    def between(self, first: int, last: int) -> "Rows":
        """The slots from place `first` to `last` - 1 (as a slice; may be negative)."""
        start, _, _ = slice(first, last).indices(self.shape[1])
        return replace(
            self,
            first_slot=self.first_slot + start,
            **{name: getattr(self, name)[:, slice(first, last)] for name in COLUMNS},
        )

    def of(self, homes: npt.NDArray[np.int_]) -> "Rows":
        """Some of the homes."""
        return replace(self, **{name: getattr(self, name)[homes] for name in COLUMNS})

    @property
    def times_s(self) -> Floats:
        """Middle of each slot [s since 1970], (n,)."""
        return np.asarray((self.first_slot + np.arange(self.shape[1], dtype=np.float64) + 0.5) * SLOT_S)

    def steady(self) -> Flags:
        """Where one setpoint has been in force for `QUIET_SLOTS`, (h, n)."""
        same = np.zeros(self.shape, np.bool_)
        same[:, 1:] = np.abs(np.diff(self.setpoint_c, axis=1)) < 1e-6  # noqa: PLR2004 (equal, but for rounding)
        count = np.cumsum(same, axis=1)
        steady = np.zeros(self.shape, np.bool_)
        steady[:, QUIET_SLOTS:] = count[:, QUIET_SLOTS:] - count[:, :-QUIET_SLOTS] == QUIET_SLOTS
        return steady


COLUMNS: Final = ("indoor_c", "outdoor_c", "setpoint_c", "power_w", "load_ratio", "ghi_w_m2")
"""Names of the columns."""


def held(values: Floats) -> Floats:
    """The last known value of each row carried forward, the first one backward; NaN where none is known."""
    known = ~np.isnan(values)
    place = np.maximum.accumulate(np.where(known, np.arange(values.shape[1]), -1), axis=1)
    first = np.argmax(known, axis=1)[:, np.newaxis]
    return np.take_along_axis(values, np.where(place < 0, first, place), axis=1)
