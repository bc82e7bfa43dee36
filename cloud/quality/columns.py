"""Readings as columns, in the order of time and in the order in which their devices have said them."""

from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Floats: TypeAlias = npt.NDArray[np.float64]
Integers: TypeAlias = npt.NDArray[np.int64]
Flags: TypeAlias = npt.NDArray[np.bool_]

NO_SEQ = -1
"""`seq` of a reading that has none."""

FIRST_SEQS = 2
"""A device whose `seq` falls to this or less has begun to count anew; the very first may be lost."""


@dataclass(frozen=True)
class Columns:
    """Readings of many devices, sorted by device, then `sampled_at`; arrays are `(n,)`, NaN is no value.

    Attributes:
        device_ids: All devices, by code.
        device: Code of each reading's device, ascending.
        at_ms: `sampled_at` [ms since 1970].
        interval_s: Length of the interval [s].
        seq: The device's count, or `NO_SEQ`.
        indoor_c: Indoor dry bulb [°C].
        outdoor_c: Outdoor dry bulb [°C].
        power_w: Mean electric power [W].
        energy_kwh: Lifetime counter [kWh].
        compressor_ratio: Share of the interval, or of full speed.
    """

    device_ids: tuple[str, ...]
    device: Integers
    at_ms: Integers
    interval_s: Floats
    seq: Integers
    indoor_c: Floats
    outdoor_c: Floats
    power_w: Floats
    energy_kwh: Floats
    compressor_ratio: Floats

    @classmethod
    def of(cls, table: pa.Table) -> "Columns":
        """The columns of what `Lake.scan` gives."""
        devices = table["device_id"].combine_chunks().dictionary_encode()
        return cls(
            device_ids=tuple(devices.dictionary.to_pylist()),
            device=devices.indices.to_numpy().astype(np.int64),
            at_ms=pc.cast(table["sampled_at"], pa.int64()).to_numpy(),
            interval_s=table["interval_s"].to_numpy(),
            seq=pc.fill_null(table["seq"], NO_SEQ).to_numpy(),
            indoor_c=_floats(table["indoor_dry_bulb_c"]),
            outdoor_c=_floats(table["outdoor_dry_bulb_c"]),
            power_w=_floats(table["electric_power_w"]),
            energy_kwh=_floats(table["energy_total_kwh"]),
            compressor_ratio=_floats(table["compressor_ratio"]),
        )

    def __len__(self) -> int:
        return len(self.device)

    @cached_property
    def boot(self) -> Integers:
        """Number of each reading's count of `seq`: it goes up where a device counts from the start again."""
        fell = (self.seq[1:] <= FIRST_SEQS) & (self.seq[1:] < self.seq[:-1]) & (self.seq[1:] != NO_SEQ)
        begun = np.zeros(len(self), dtype=np.int64)
        begun[1:] = fell & (np.diff(self.device) == 0)
        return np.cumsum(begun)

    @cached_property
    def pairs(self) -> "Pairs":
        """Each reading of a device with the one said before it: by `seq`, which no clock disorders."""
        order = np.lexsort((self.at_ms, self.seq, self.boot, self.device))
        before, after = order[:-1], order[1:]
        same = self.device[before] == self.device[after]
        before, after = before[same], after[same]
        counted = (
            (self.boot[before] == self.boot[after])
            & (self.seq[before] != NO_SEQ)
            & (self.seq[after] > self.seq[before])
        )
        steps = np.where(counted, self.seq[after] - self.seq[before], 0)
        elapsed_s = (self.at_ms[after] - self.at_ms[before]) / 1000.0
        return Pairs(before, after, steps, elapsed_s)


@dataclass(frozen=True, slots=True)
class Pairs:
    """Readings that follow each other, as places in their columns; arrays are `(pairs,)`.

    Attributes:
        before: The earlier one.
        after: The later one.
        steps: By how much `seq` went up; 0 where that cannot be told.
        elapsed_s: Time between them by the device's clock [s].
    """

    before: Integers
    after: Integers
    steps: Integers
    elapsed_s: Floats

    def adjacent(self, interval_s: Floats) -> Flags:
        """Pairs between which no reading is missing, by `seq`, or by time where there is none."""
        in_time = (self.elapsed_s > 0.0) & (self.elapsed_s <= 1.5 * interval_s[self.after])
        return np.asarray((self.steps == 1) | ((self.steps == 0) & in_time))


def runs(device: Integers, *values: Floats) -> tuple[Integers, Integers]:
    """Stretches of one device without a change of any of `values`: their first places and their lengths."""
    changed = np.ones(len(device), dtype=np.bool_)
    changed[1:] = np.diff(device) != 0
    for column in values:
        changed[1:] |= ~(column[1:] == column[:-1])
    first = np.flatnonzero(changed)
    return first, np.diff(np.append(first, len(device)))


def marked(count: int, where: Integers) -> Flags:
    """Flags of `count` readings, set at the places `where`."""
    flags = np.zeros(count, dtype=np.bool_)
    flags[where] = True
    return flags


def _floats(column: pa.ChunkedArray) -> Floats:
    return np.asarray(column.to_numpy(), dtype=np.float64)
