"""How many readings of a device never came, told by the gaps in its `seq`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

MAX_MISSING: Final = 2**63 - 1
"""What a store can hold; a device that jumps about in `seq` as far as it goes comes there [readings]."""

EXACT_SEQ: Final = 2**40
"""Up to here as many gaps as a batch may have add up within 64 bits."""

_NEVER: Final = np.iinfo(np.int64).min

Integers: TypeAlias = npt.NDArray[np.int64]
Flags: TypeAlias = npt.NDArray[np.bool_]


class AheadCount(NamedTuple):
    """How many readings of a device were ahead of the time at which they came, and how far at worst [s]."""

    readings: int
    worst_s: float


@dataclass(slots=True)
class SeqCount:
    """The newest reading of a device and the count of those that are missing.

    Attributes:
        position: Place in the log of the newest reading.
        sampled_at_ms: Its time [ms since 1970]; None before the first reading.
        last_seq: The highest `seq` since the device last began to count.
        missing: How many between did not come [readings].
    """

    position: int = 0
    sampled_at_ms: int | None = None
    last_seq: int | None = None
    missing: int = 0

    def add(self, position: int, sampled_at_ms: int, seq: int | None) -> None:
        """Take in one more reading, in order of arrival.

        A lower `seq` of an older time has filled a gap; one of a newer time says that the device counts
        from the start again.
        """
        newer = self.sampled_at_ms is None or sampled_at_ms >= self.sampled_at_ms
        if seq is not None:
            self._count(seq, newer=newer)
        if newer:
            self.position, self.sampled_at_ms = position, sampled_at_ms

    def _count(self, seq: int, *, newer: bool) -> None:
        if self.last_seq is None:
            self.last_seq = seq
        elif seq > self.last_seq:
            self.missing = min(self.missing + seq - self.last_seq - 1, MAX_MISSING)
            self.last_seq = seq
        elif seq < self.last_seq and newer:
            self.last_seq = seq
        elif seq < self.last_seq:
            self.missing = max(0, self.missing - 1)


@dataclass(frozen=True, slots=True, eq=False)
class Arrivals:
    """Readings sorted by device, those of one in order of arrival, to be counted many at a time.

    Attributes:
        devices: Their ids `(d,)`.
        starts: Where each device begins in the columns `(d,)`.
        codes: The place in `devices` `(n,)`.
        places: The place among all, in order of arrival `(n,)`.
        times_ms: `(n,)` [ms since 1970].
        seqs: `(n,)`; -1 where a reading has none.
    """

    devices: list[str]
    starts: Integers
    codes: Integers
    places: Integers
    times_ms: Integers
    seqs: Integers

    @classmethod
    def of(cls, batch: pa.RecordBatch) -> "Arrivals":
        """The readings in the columns of a scan."""
        encoded = batch.column("device_id").dictionary_encode()
        codes = encoded.indices.to_numpy().astype(np.int64)
        order = np.argsort(codes, kind="stable")
        times_ms = batch.column("sampled_at").view(pa.int64()).to_numpy()
        seqs = pc.fill_null(batch.column("seq"), -1).to_numpy()
        devices = encoded.dictionary.to_pylist()
        starts = np.searchsorted(codes[order], np.arange(len(devices)))
        return cls(devices, starts, codes[order], order, times_ms[order], seqs[order])

    def are_newer_than(self, counts: Mapping[str, SeqCount]) -> bool:
        """Whether each is later than all before it of its device, so that none can be a repeat."""
        return bool(self._in_order(counts).all())

    def count(self, first_position: int, counts: Mapping[str, SeqCount]) -> None:
        """Add each to the count of its device, as `SeqCount.add` does; the first is at `first_position`."""
        if not self.devices:
            return
        known = np.array([counts[device_id].last_seq or 0 for device_id in self.devices])
        small = np.maximum(np.maximum.reduceat(self.seqs, self.starts), known) <= EXACT_SEQ
        quick = self._in_order(counts) & small
        self._count_together(quick, first_position, counts)
        for row in np.flatnonzero(~quick[self.codes]).tolist():
            count, seq = counts[self.devices[self.codes[row]]], int(self.seqs[row])
            position = first_position + int(self.places[row])
            count.add(position, int(self.times_ms[row]), seq if seq >= 0 else None)

    def _in_order(self, counts: Mapping[str, SeqCount]) -> Flags:
        """Of each device whether all its readings are later than those before `(d,)`."""
        if not self.devices:
            return np.empty(0, np.bool_)
        newest = [counts[device_id].sampled_at_ms for device_id in self.devices]
        before = np.concatenate(([_NEVER], self.times_ms[:-1]))
        before[self.starts] = [_NEVER if each is None else each for each in newest]
        return np.logical_and.reduceat(self.times_ms > before, self.starts)

    def _count_together(self, quick: Flags, first_position: int, counts: Mapping[str, SeqCount]) -> None:
        """Count the readings of devices of which each is newer than what was before it."""
        ends = np.append(self.starts[1:], len(self.codes)) - 1
        positions, times_ms = (first_position + self.places[ends]).tolist(), self.times_ms[ends].tolist()
        gaps = self._gaps(counts)
        for code in np.flatnonzero(quick).tolist():
            count = counts[self.devices[code]]
            count.position, count.sampled_at_ms = positions[code], times_ms[code]
            if code in gaps:
                missing, count.last_seq = gaps[code]
                count.missing = min(count.missing + missing, MAX_MISSING)

    def _gaps(self, counts: Mapping[str, SeqCount]) -> dict[int, tuple[int, int]]:
        """Of each device that tells its `seq`, by its code: how many are missing here, and the last one."""
        told = np.flatnonzero(self.seqs >= 0)
        if not told.size:
            return {}
        codes, seqs = self.codes[told], self.seqs[told]
        firsts = np.flatnonzero(np.append(True, codes[1:] != codes[:-1]))
        before = np.append(0, seqs[:-1])
        known = (counts[self.devices[code]].last_seq for code in codes[firsts].tolist())
        before[firsts] = [
            seq if last is None else last for seq, last in zip(seqs[firsts].tolist(), known, strict=True)
        ]
        missing = np.add.reduceat(np.maximum(seqs - before - 1, 0), firsts)
        lasts = seqs[np.append(firsts[1:], len(seqs)) - 1]
        pairs = zip(missing.tolist(), lasts.tolist(), strict=True)
        return dict(zip(codes[firsts].tolist(), pairs, strict=True))
